import type { Language, MailText } from '@tiptop/platform';

export const PRIZE_HANDED_OVER: Readonly<Record<Language, MailText>> = {
  fr: {
    subject: 'Votre lot vous a été remis : {{prize}}',
    body: `
<p>Bonjour {{firstName}},</p>
<p>Le lot de votre ticket <strong>{{code}}</strong>, <strong>{{prize}}</strong>, vous a été remis
le {{at}}{{#if shop}} dans notre boutique {{shop}}{{/if}}.</p>
<p>Ce n’était pas vous ? Écrivez sans attendre à notre service client, en indiquant votre code.</p>
<p>Bonne dégustation !</p>`,
  },
  en: {
    subject: 'Your prize was handed over: {{prize}}',
    body: `
<p>Hello {{firstName}},</p>
<p>The prize of your ticket <strong>{{code}}</strong>, <strong>{{prize}}</strong>, was handed over to you
on {{at}}{{#if shop}} in our shop {{shop}}{{/if}}.</p>
<p>That was not you? Please tell our customer service at once, with your code.</p>
<p>Enjoy your tea!</p>`,
  },
};
