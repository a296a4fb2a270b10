import type { AdminErrorCode } from '@tiptop/admin';
import type { AuthErrorCode } from '@tiptop/auth';
import type { GameErrorCode } from '@tiptop/game';
import type { OpsErrorCode } from '@tiptop/ops';
import type { PlatformErrorCode } from '@tiptop/platform';

/** Errors of the HTTP layer itself. */
type HttpErrorCode =
  | 'NOT_FOUND'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'REQUEST_TIMEOUT'
  | 'HEADERS_TOO_LARGE'
  | 'SHUTTING_DOWN'
  | 'INTERNAL_ERROR';

export type ProblemCode =
  PlatformErrorCode | AuthErrorCode | GameErrorCode | AdminErrorCode | OpsErrorCode | HttpErrorCode;

export interface ProblemText {
  title: string;
  /** A sentence for a person; `{name}` is replaced by the error's parameter. */
  detail: string;
}

export interface ProblemKind {
  status: number;
  fr: ProblemText;
  en: ProblemText;
}

function kind(status: number, fr: [string, string], en: [string, string]): ProblemKind {
  return { status, fr: { title: fr[0], detail: fr[1] }, en: { title: en[0], detail: en[1] } };
}

/** Every error's status and texts. A code without an entry does not compile. */
export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = {
  VALIDATION_FAILED: kind(
    400,
    ['Requête invalide', 'Certaines informations sont absentes ou mal formées.'],
    ['Invalid request', 'Some of the information is missing or malformed.'],
  ),
  INVALID_CODE_FORMAT: kind(
    400,
    ['Code mal formé', 'Ce code comporte une faute de frappe : vérifiez les dix caractères de votre ticket.'],
    ['Malformed code', 'There is a typing error in this code: please check the ten characters on your receipt.'],
  ),
  IDENTITY_NOT_CHECKED: kind(
    400,
    ['Identité non vérifiée', 'Confirmez avoir vérifié la pièce d’identité avant de remettre le lot.'],
    ['Identity not checked', 'Confirm that the identity document was checked before handing the prize over.'],
  ),
  WEAK_PASSWORD: kind(
    400,
    ['Mot de passe trop faible', 'Choisissez un mot de passe d’au moins dix caractères, difficile à deviner.'],
    ['Weak password', 'Choose a password of at least ten characters that is hard to guess.'],
  ),
  UNDERAGE: kind(
    400,
    ['Âge insuffisant', 'Le jeu est réservé aux personnes d’au moins {age} ans.'],
    ['Too young', 'The contest is for people aged {age} and over.'],
  ),
  TERMS_NOT_ACCEPTED: kind(
    400,
    ['Règlement non accepté', 'Pour participer, acceptez le règlement du jeu-concours.'],
    ['Terms not accepted', 'To take part, please accept the terms of the contest.'],
  ),
  INVALID_TOKEN: kind(
    400,
    ['Lien invalide', 'Ce lien n’est plus valable : demandez-en un nouveau.'],
    ['Invalid link', 'This link is no longer valid: please ask for a new one.'],
  ),
  PROFILE_INCOMPLETE: kind(
    400,
    ['Profil incomplet', 'Pour une première connexion, complétez les informations demandées.'],
    ['Incomplete profile', 'For a first sign-in, please complete the information that is asked for.'],
  ),
  RETURN_URL_NOT_ALLOWED: kind(
    400,
    ['Adresse de retour refusée', 'Cette adresse de retour n’est pas autorisée.'],
    ['Return address refused', 'This return address is not allowed.'],
  ),
  IMPORT_REFUSED: kind(
    400,
    ['Import refusé', 'Le fichier contient des lignes inutilisables ({lines}) ; rien n’a été importé.'],
    ['Import refused', 'The file has unusable lines ({lines}); nothing was imported.'],
  ),
  UNAUTHENTICATED: kind(
    401,
    ['Connexion requise', 'Connectez-vous pour continuer.'],
    ['Sign-in required', 'Please sign in to continue.'],
  ),
  INVALID_CREDENTIALS: kind(
    401,
    ['Identifiants incorrects', 'L’adresse e-mail ou le mot de passe est incorrect.'],
    ['Wrong credentials', 'The e-mail address or the password is wrong.'],
  ),
  INVALID_REFRESH_TOKEN: kind(
    401,
    ['Session terminée', 'Cette session n’est plus valable : reconnectez-vous.'],
    ['Session ended', 'This session is no longer valid: please sign in again.'],
  ),
  OAUTH_REFUSED: kind(
    401,
    ['Connexion refusée', 'La connexion par ce fournisseur n’a pas abouti : recommencez.'],
    ['Sign-in refused', 'The sign-in with this provider did not succeed: please start again.'],
  ),
  SECOND_FACTOR_REQUIRED: kind(
    401,
    ['Second facteur requis', 'Saisissez le code de votre application d’authentification.'],
    ['Second factor required', 'Please enter the code that your authenticator shows.'],
  ),
  INVALID_SECOND_FACTOR: kind(
    401,
    ['Code incorrect', 'Ce code d’authentification est incorrect ou a déjà servi.'],
    ['Wrong code', 'This authentication code is wrong or has been used already.'],
  ),
  FORBIDDEN: kind(
    403,
    ['Accès refusé', 'Votre compte ne permet pas cette action.'],
    ['Access denied', 'Your account does not allow this.'],
  ),
  ACCOUNT_ARCHIVED: kind(
    403,
    ['Compte archivé', 'Ce compte a été désactivé. Contactez le service client.'],
    ['Account archived', 'This account was deactivated. Please contact customer service.'],
  ),
  SECOND_FACTOR_SETUP_REQUIRED: kind(
    403,
    [
      'Second facteur requis pour cet accès',
      'Configurez une application d’authentification pour votre compte, ou reconnectez-vous avec son code.',
    ],
    [
      'Second factor required for this access',
      'Please set up an authenticator for your account, or sign in again with its code.',
    ],
  ),
  SECOND_FACTOR_MANDATORY: kind(
    403,
    [
      'Second facteur obligatoire',
      'Un administrateur ne peut pas se passer de second facteur ; remplacez-le si vous changez d’appareil.',
    ],
    ['Second factor mandatory', 'An administrator can’t do without a second factor; replace it if you change devices.'],
  ),
  CONTEST_NOT_OPEN: kind(
    403,
    ['Jeu fermé', 'Le jeu-concours n’est pas ouvert en ce moment.'],
    ['Contest not open', 'The contest is not open at this time.'],
  ),
  STAFF_EXCLUDED: kind(
    403,
    ['Participation réservée aux clients', 'Le personnel ne participe pas au jeu-concours.'],
    ['Customers only', 'Staff do not take part in the contest.'],
  ),
  SELF_CLAIM: kind(
    403,
    ['Remise à soi-même', 'Un autre membre du personnel doit vous remettre ce lot.'],
    ['Own prize', 'Another member of staff must hand this prize over to you.'],
  ),
  CLAIM_PERIOD_OVER: kind(
    403,
    ['Délai dépassé', 'La période de remise des lots est terminée.'],
    ['Too late', 'The period for handing over prizes is over.'],
  ),
  NOT_FOUND: kind(
    404,
    ['Introuvable', 'Cette adresse ne correspond à rien.'],
    ['Not found', 'There is nothing at this address.'],
  ),
  NO_CONTEST: kind(
    404,
    ['Aucun jeu-concours', 'Aucun jeu-concours n’est prévu.'],
    ['No contest', 'No contest is planned.'],
  ),
  CONTEST_NOT_FOUND: kind(
    404,
    ['Jeu-concours introuvable', 'Ce jeu-concours n’existe pas ou n’a pas encore de tickets.'],
    ['Contest not found', 'This contest does not exist or has no tickets yet.'],
  ),
  TICKET_NOT_FOUND: kind(
    404,
    ['Ticket inexistant', 'Aucun ticket ne porte ce code.'],
    ['No such ticket', 'No ticket has this code.'],
  ),
  SESSION_NOT_FOUND: kind(
    404,
    ['Session introuvable', 'Cette session n’existe pas ou est déjà terminée.'],
    ['No such session', 'This session does not exist or has ended already.'],
  ),
  USER_NOT_FOUND: kind(
    404,
    ['Compte introuvable', 'Ce compte n’existe pas ou plus.'],
    ['No such account', 'This account does not exist, or no longer does.'],
  ),
  MAIL_NOT_FOUND: kind(
    404,
    ['Message introuvable', 'Aucun message en échec ne porte cet identifiant.'],
    ['No such letter', 'No letter that failed has this identifier.'],
  ),
  PRINT_RUN_NOT_FOUND: kind(
    404,
    ['Impression introuvable', 'Ce jeu-concours n’a pas d’impression de tickets de cet identifiant.'],
    ['No such print run', 'This contest has no print run of this identifier.'],
  ),
  STORE_NOT_FOUND: kind(
    404,
    ['Magasin introuvable', 'Ce magasin n’existe pas.'],
    ['No such shop', 'This shop does not exist.'],
  ),
  BACKUP_NOT_FOUND: kind(
    404,
    ['Sauvegarde introuvable', 'Cette installation ne connaît pas de sauvegarde de ce nom.'],
    ['No such backup', 'This installation knows no backup of this name.'],
  ),
  DEPLOYMENT_NOT_FOUND: kind(
    404,
    ['Déploiement introuvable', 'Aucun déploiement ne porte cet identifiant.'],
    ['No such deployment', 'There is no deployment of this identifier.'],
  ),
  REQUEST_TIMEOUT: kind(
    408,
    ['Délai d’envoi dépassé', 'La requête n’est pas arrivée à temps.'],
    ['Request timed out', 'The request did not arrive in time.'],
  ),
  EMAIL_TAKEN: kind(
    409,
    [
      'Adresse déjà utilisée',
      'Un compte existe déjà avec cette adresse e-mail : connectez-vous avec son mot de passe, ou demandez-en un nouveau.',
    ],
    [
      'E-mail taken',
      'There is an account with this e-mail address: please sign in with its password, or ask for a new one.',
    ],
  ),
  TICKET_ALREADY_PLAYED: kind(
    409,
    ['Ticket déjà joué', 'Ce ticket a déjà été joué.'],
    ['Ticket already played', 'This ticket has already been played.'],
  ),
  IDEMPOTENCY_KEY_REUSED: kind(
    409,
    ['Clé déjà utilisée', 'Cet en-tête Idempotency-Key appartient au jeu d’un autre ticket.'],
    ['Key already used', 'This Idempotency-Key belongs to the play of another ticket.'],
  ),
  TICKET_NOT_PENDING: kind(
    409,
    ['Ticket non joué', 'Ce ticket n’a pas encore été joué : il n’y a pas de lot à remettre.'],
    ['Ticket not played', 'This ticket has not been played yet: there is no prize to hand over.'],
  ),
  TICKET_ALREADY_CLAIMED: kind(
    409,
    ['Lot déjà remis', 'Le lot de ce ticket a déjà été remis.'],
    ['Prize already handed over', 'The prize of this ticket has already been handed over.'],
  ),
  TICKET_NOT_CLAIMED: kind(
    409,
    ['Lot non remis', 'Le lot de ce ticket n’a pas été remis : il n’y a rien à annuler.'],
    ['Prize not handed over', 'The prize of this ticket was not handed over: there is nothing to undo.'],
  ),
  NOT_INVITED: kind(
    409,
    ['Pas d’invitation en attente', 'Ce compte n’attend pas de premier mot de passe.'],
    ['No invitation pending', 'This account is not waiting for a first password.'],
  ),
  LAST_ADMIN: kind(
    409,
    ['Dernier administrateur', 'Le dernier administrateur actif ne peut pas être retiré.'],
    ['Last administrator', 'The last active administrator can’t be removed.'],
  ),
  SECOND_FACTOR_ALREADY_ON: kind(
    409,
    ['Second facteur déjà actif', 'Un second facteur est déjà actif sur ce compte.'],
    ['Second factor already on', 'This account has a second factor already.'],
  ),
  SECOND_FACTOR_NOT_ON: kind(
    409,
    ['Pas de second facteur', 'Ce compte n’a pas de second facteur à confirmer ou à retirer.'],
    ['No second factor', 'This account has no second factor to confirm or to end.'],
  ),
  CONTEST_SLUG_TAKEN: kind(
    409,
    ['Nom déjà utilisé', 'Un jeu-concours porte déjà ce nom.'],
    ['Name taken', 'There is a contest of this name.'],
  ),
  CONTEST_RUNNING: kind(
    409,
    [
      'Jeu-concours en cours',
      'Le jeu-concours est en cours : ce qui a été annoncé ne peut être ni avancé ni réduit. Rien n’a été modifié.',
    ],
    [
      'Contest running',
      'The contest is running: what was announced can’t be brought forward or reduced. Nothing was changed.',
    ],
  ),
  CONTEST_OVER: kind(
    409,
    ['Jeu-concours terminé', 'Le jeu-concours est terminé : ses dates sont définitives. Rien n’a été modifié.'],
    ['Contest over', 'The contest is over: its dates are final. Nothing was changed.'],
  ),
  DECK_SEALED: kind(
    409,
    [
      'Lots scellés',
      'Les tickets sont imprimés : la liste des lots et leurs proportions sont définitives. Rien n’a été modifié.',
    ],
    [
      'Prizes sealed',
      'The tickets are printed: the list of prizes and their proportions are final. Nothing was changed.',
    ],
  ),
  STORE_INACTIVE: kind(
    409,
    ['Magasin fermé', 'On ne remet plus de lots dans ce magasin : choisissez-en un autre.'],
    ['Shop closed', 'Prizes are not handed over in this shop any more: please choose another one.'],
  ),
  PRINT_RUN_UNDER_WAY: kind(
    409,
    ['Impression en cours', 'Des tickets de ce jeu-concours sont en cours de création : réessayez ensuite.'],
    ['Print run under way', 'Tickets of this contest are being made at this moment: try again afterwards.'],
  ),
  PRINT_RUN_CLOSED: kind(
    409,
    ['Tirage clos', 'Le jeu-concours a commencé : on ne peut plus y ajouter de tickets.'],
    ['Print run closed', 'The contest has begun: no more tickets can be added.'],
  ),
  OPERATION_UNDER_WAY: kind(
    409,
    [
      'Opération en cours',
      'Une autre opération est demandée ou en cours sur cette installation : réessayez quand elle sera terminée.',
    ],
    [
      'Operation under way',
      'Another operation is asked for or under way on this installation: try again once it is over.',
    ],
  ),
  PAYLOAD_TOO_LARGE: kind(
    413,
    ['Requête trop volumineuse', 'Le corps de la requête dépasse la taille permise.'],
    ['Request too large', 'The body of the request is larger than allowed.'],
  ),
  UNSUPPORTED_MEDIA_TYPE: kind(
    415,
    ['Format non pris en charge', 'Envoyez le corps de la requête en application/json.'],
    ['Unsupported format', 'Send the body of the request as application/json.'],
  ),
  TOO_MANY_EXPORTS: kind(
    429,
    ['Trop d’exports à la fois', 'Plusieurs exports sont en cours : réessayez dans {seconds} secondes.'],
    ['Too many exports at once', 'Several exports are under way: try again in {seconds} seconds.'],
  ),
  TOO_MANY_ATTEMPTS: kind(
    429,
    ['Trop de tentatives', 'Trop de tentatives infructueuses : réessayez dans {seconds} secondes.'],
    ['Too many attempts', 'Too many failed attempts: try again in {seconds} seconds.'],
  ),
  HEADERS_TOO_LARGE: kind(
    431,
    ['En-têtes trop volumineux', 'Les en-têtes de la requête dépassent la taille permise.'],
    ['Headers too large', 'The headers of the request are larger than allowed.'],
  ),
  INTERNAL_ERROR: kind(
    500,
    ['Erreur interne', 'Une erreur est survenue de notre côté. Réessayez plus tard.'],
    ['Internal error', 'Something went wrong on our side. Please try again later.'],
  ),
  DATABASE_UNAVAILABLE: kind(
    503,
    ['Service momentanément indisponible', 'Le service est momentanément indisponible. Réessayez dans un instant.'],
    ['Service briefly unavailable', 'The service is briefly unavailable. Please try again in a moment.'],
  ),
  OAUTH_UNAVAILABLE: kind(
    503,
    ['Fournisseur injoignable', 'Ce fournisseur de connexion ne répond pas. Réessayez dans un instant.'],
    ['Provider unreachable', 'This sign-in provider does not answer. Please try again in a moment.'],
  ),
  SHUTTING_DOWN: kind(
    503,
    ['Service en cours d’arrêt', 'Le service redémarre. Réessayez dans un instant.'],
    ['Service stopping', 'The service is restarting. Please try again in a moment.'],
  ),
};
