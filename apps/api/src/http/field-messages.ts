import type { Language } from '@tiptop/platform';

/** What is wrong with one field, by the name of the broken constraint. */
const MESSAGES: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  whitelistValidation: { fr: 'champ inconnu', en: 'unknown field' },
  isString: { fr: 'doit être un texte', en: 'must be a text' },
  isBoolean: { fr: 'doit être vrai ou faux', en: 'must be true or false' },
  isInt: { fr: 'doit être un nombre entier', en: 'must be a whole number' },
  min: { fr: 'est trop petit', en: 'is too small' },
  max: { fr: 'est trop grand', en: 'is too large' },
  isEmail: { fr: 'doit être une adresse e-mail', en: 'must be an e-mail address' },
  minLength: { fr: 'est trop court', en: 'is too short' },
  maxLength: { fr: 'est trop long', en: 'is too long' },
  isIn: { fr: 'n’est pas une des valeurs permises', en: 'is not one of the allowed values' },
  isUuid: { fr: 'doit être un identifiant', en: 'must be an identifier' },
  matches: { fr: 'contient des caractères non permis', en: 'contains characters that are not allowed' },
  isMomentOrDay: {
    fr: 'doit être une date AAAA-MM-JJ, ou un instant avec son fuseau',
    en: 'must be a date YYYY-MM-DD, or an instant with its offset',
  },
  isCalendarDay: { fr: 'doit être une date réelle, AAAA-MM-JJ', en: 'must be a real date, YYYY-MM-DD' },
  cursor: { fr: 'n’est pas un curseur de cette liste', en: 'is not a cursor of this list' },
  idempotencyKey: { fr: 'doit avoir de 1 à 255 caractères visibles', en: 'must have 1 to 255 visible characters' },
  malformedBody: { fr: 'n’est pas du JSON bien formé', en: 'is not well-formed JSON' },
  notAnObject: { fr: 'doit être un objet JSON', en: 'must be a JSON object' },
  'password.tooShort': { fr: 'doit avoir au moins dix caractères', en: 'must have at least ten characters' },
  'password.breached': {
    fr: 'figure dans des listes de mots de passe divulgués',
    en: 'is in lists of leaked passwords',
  },
  'password.guessable': { fr: 'est trop facile à deviner', en: 'is too easily guessed' },
  isInstant: {
    fr: 'doit être une date et une heure avec leur fuseau, 2026-11-01T09:00:00+01:00',
    en: 'must be a date and time with its offset, 2026-11-01T09:00:00+01:00',
  },
  isArray: { fr: 'doit être une liste', en: 'must be a list' },
  arrayMinSize: { fr: 'est vide', en: 'is empty' },
  arrayMaxSize: { fr: 'compte trop d’éléments', en: 'has too many elements' },
  isISO4217CurrencyCode: { fr: 'doit être un code de monnaie, EUR', en: 'must be a currency code, EUR' },
  'dates.order': { fr: 'ne suit pas l’ordre des dates', en: 'is not in the order of the dates' },
  'dates.past': { fr: 'est déjà passé', en: 'is in the past' },
  'contest.begun': { fr: 'ne change plus : le jeu a commencé', en: 'is final: the contest has begun' },
  'contest.promised': {
    fr: 'ne peut qu’être prolongé ou augmenté : il est annoncé',
    en: 'can only be extended or raised: it was announced',
  },
  'contest.over': { fr: 'ne change plus : le jeu est terminé', en: 'is final: the contest is over' },
  'deck.sealed': { fr: 'ne change plus : les tickets sont imprimés', en: 'is final: the tickets are printed' },
  'prizes.unknown': { fr: 'n’est pas un lot de ce jeu', en: 'is no prize of this contest' },
  'prizes.repeated': { fr: 'figure deux fois', en: 'comes twice' },
  'period.reversed': { fr: 'se termine avant d’avoir commencé', en: 'ends before it begins' },
  'period.tooLong': { fr: 'couvre une période trop longue', en: 'covers too long a period' },
  missing: { fr: 'est à compléter', en: 'is missing' },
  'import.empty': { fr: 'ne contient aucun code', en: 'holds no code' },
  'import.format': { fr: 'ne contient pas de code valable', en: 'holds no valid code' },
  'import.repeated': { fr: 'répète un code du fichier', en: 'repeats a code of the file' },
  'import.taken': { fr: 'porte un code qui existe déjà', en: 'has a code that exists already' },
};

const OTHERWISE: Readonly<Record<Language, string>> = { fr: 'n’est pas valable', en: 'is not valid' };

/** @param key name of a constraint or of a message above */
export function fieldMessage(key: string, language: Language): string {
  return ((Object.hasOwn(MESSAGES, key) ? MESSAGES[key] : undefined) ?? OTHERWISE)[language];
}
