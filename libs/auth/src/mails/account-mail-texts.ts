import type { Language, MailText } from '@tiptop/platform';
import {
  IDENTITY_LINKED_MAIL,
  INVITATION_MAIL,
  NEW_DEVICE_MAIL,
  PASSWORD_CHANGED_MAIL,
  RESET_PASSWORD_MAIL,
  SECOND_FACTOR_OFF_MAIL,
  SECOND_FACTOR_ON_MAIL,
  VERIFY_EMAIL_MAIL,
} from './mail-names';

/** The letters about an account: subject, and body in HTML with Handlebars; see AccountMails for the values. */
export const ACCOUNT_MAIL_TEXTS: Readonly<Record<string, Readonly<Record<Language, MailText>>>> = {
  [VERIFY_EMAIL_MAIL]: {
    fr: {
      subject: 'Confirmez votre adresse e-mail',
      body: `
        <p>Bonjour{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>Bienvenue au jeu-concours Thé Tip Top. Confirmez que cette adresse est la vôtre :</p>
        <p><a href="{{link}}">Confirmer mon adresse</a></p>
        <p>Ce lien est valable 24 heures. Si vous n’avez pas créé de compte, ignorez ce message.</p>`,
    },
    en: {
      subject: 'Please confirm your e-mail address',
      body: `
        <p>Hello{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>Welcome to the Thé Tip Top contest. Please confirm that this address is yours:</p>
        <p><a href="{{link}}">Confirm my address</a></p>
        <p>This link is valid for 24 hours. If you did not create an account, please ignore this message.</p>`,
    },
  },
  [RESET_PASSWORD_MAIL]: {
    fr: {
      subject: 'Choisissez un nouveau mot de passe',
      body: `
        <p>Bonjour{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>Vous avez demandé un nouveau mot de passe :</p>
        <p><a href="{{link}}">Choisir un nouveau mot de passe</a></p>
        <p>Ce lien est valable 30 minutes et ne sert qu’une fois. Vos sessions ouvertes seront toutes fermées.
          Si vous n’avez rien demandé, ignorez ce message : votre mot de passe reste le même.</p>`,
    },
    en: {
      subject: 'Choose a new password',
      body: `
        <p>Hello{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>You asked for a new password:</p>
        <p><a href="{{link}}">Choose a new password</a></p>
        <p>This link is valid for 30 minutes and works once. All your open sessions will end.
          If you asked for nothing, please ignore this message: your password stays the same.</p>`,
    },
  },
  [INVITATION_MAIL]: {
    fr: {
      subject: 'Votre accès à Thé Tip Top',
      body: `
        <p>Bonjour {{firstName}},</p>
        <p>Un compte a été créé pour vous dans l’espace du personnel de Thé Tip Top, avec cette adresse e-mail.
          Choisissez votre mot de passe pour l’ouvrir :</p>
        <p><a href="{{link}}">Choisir mon mot de passe</a></p>
        <p>Ce lien est valable 7 jours et ne sert qu’une fois. Si vous n’attendiez pas ce message, ignorez-le.</p>`,
    },
    en: {
      subject: 'Your access to Thé Tip Top',
      body: `
        <p>Hello {{firstName}},</p>
        <p>An account was made for you among the staff of Thé Tip Top, with this e-mail address.
          Choose your password to open it:</p>
        <p><a href="{{link}}">Choose my password</a></p>
        <p>This link is valid for 7 days and works once. If you did not expect this message, please ignore it.</p>`,
    },
  },
  [PASSWORD_CHANGED_MAIL]: {
    fr: {
      subject: 'Votre mot de passe a changé',
      body: `
        <p>Bonjour{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>Le mot de passe de votre compte a été changé le {{when}}.</p>
        <p>Si ce n’était pas vous, <a href="{{link}}">demandez-en un nouveau</a> sans attendre.</p>`,
    },
    en: {
      subject: 'Your password was changed',
      body: `
        <p>Hello{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>The password of your account was changed on {{when}}.</p>
        <p>If that was not you, <a href="{{link}}">ask for a new one</a> right away.</p>`,
    },
  },
  [SECOND_FACTOR_ON_MAIL]: {
    fr: {
      subject: 'Une application d’authentification protège votre compte',
      body: `
        <p>Bonjour{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>Une application d’authentification a été activée pour votre compte le {{when}}. Ses codes vous seront demandés
          à chaque connexion.</p>
        <p>Si ce n’était pas vous, <a href="{{link}}">changez votre mot de passe</a> et contactez le service client.</p>`,
    },
    en: {
      subject: 'An authenticator protects your account',
      body: `
        <p>Hello{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>An authenticator was turned on for your account on {{when}}. You will be asked for its codes at each sign-in.</p>
        <p>If that was not you, <a href="{{link}}">change your password</a> and contact customer service.</p>`,
    },
  },
  [SECOND_FACTOR_OFF_MAIL]: {
    fr: {
      subject: 'Votre compte n’a plus d’application d’authentification',
      body: `
        <p>Bonjour{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>L’application d’authentification de votre compte a été retirée le {{when}} : le mot de passe seul suffit.</p>
        <p>Si ce n’était pas vous, <a href="{{link}}">changez votre mot de passe</a> sans attendre.</p>`,
    },
    en: {
      subject: 'Your account has no authenticator any more',
      body: `
        <p>Hello{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>The authenticator of your account was taken away on {{when}}: the password alone is enough.</p>
        <p>If that was not you, <a href="{{link}}">change your password</a> right away.</p>`,
    },
  },
  [IDENTITY_LINKED_MAIL]: {
    fr: {
      subject: 'Votre compte est relié à Google',
      body: `
        <p>Bonjour{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>Le {{when}}, vous vous êtes connecté avec Google à un compte qui existait déjà avec cette adresse. Les deux sont
          reliés désormais, et les autres sessions de ce compte sont fermées.</p>
        <p>Si vous n’avez pas choisi vous-même le mot de passe de ce compte, <a href="{{link}}">choisissez-en un
          nouveau</a> : son ancien détenteur n’y entrera plus.</p>`,
    },
    en: {
      subject: 'Your account is linked to Google',
      body: `
        <p>Hello{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>On {{when}} you signed in with Google to an account that existed already with this address. The two are linked
          now, and the other sessions of this account have ended.</p>
        <p>If you did not choose the password of this account yourself, <a href="{{link}}">choose a new one</a>: whoever
          knew the old one is out then.</p>`,
    },
  },
  [NEW_DEVICE_MAIL]: {
    fr: {
      subject: 'Nouvelle connexion à votre compte',
      body: `
        <p>Bonjour{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>Une connexion à votre compte a eu lieu le {{when}} depuis un nouvel appareil : {{device}}.</p>
        <p>Si ce n’était pas vous, <a href="{{link}}">fermez cette session</a> et changez votre mot de passe.</p>`,
    },
    en: {
      subject: 'New sign-in to your account',
      body: `
        <p>Hello{{#if firstName}} {{firstName}}{{/if}},</p>
        <p>Your account was signed in to on {{when}} from a new device: {{device}}.</p>
        <p>If that was not you, <a href="{{link}}">end that session</a> and change your password.</p>`,
    },
  },
};
