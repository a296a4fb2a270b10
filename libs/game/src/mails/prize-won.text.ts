import type { Language, MailText } from '@tiptop/platform';

export const PRIZE_WON: Readonly<Record<Language, MailText>> = {
  fr: {
    subject: 'Bravo {{firstName}}, vous avez gagné : {{prize}}',
    body: `
<p>Bonjour {{firstName}},</p>
<p>Votre ticket <strong>{{code}}</strong> est gagnant. Votre lot : <strong>{{prize}}</strong>{{#if value}}, d’une valeur de {{value}}{{/if}}.</p>
<p>Il vous attend <strong>jusqu’au {{until}}</strong> dans {{#if shops}}l’une de nos boutiques : {{shops}}{{else}}toutes nos boutiques{{/if}}.
Présentez-y votre code <strong>{{code}}</strong> et une <strong>pièce d’identité</strong>.</p>
<p>Vous retrouvez tous vos lots sur votre compte : <a href="{{link}}">{{link}}</a></p>
<p>À bientôt chez Thé Tip Top !</p>`,
  },
  en: {
    subject: 'Well done {{firstName}}, you have won: {{prize}}',
    body: `
<p>Hello {{firstName}},</p>
<p>Your ticket <strong>{{code}}</strong> is a winner. Your prize: <strong>{{prize}}</strong>{{#if value}}, worth {{value}}{{/if}}.</p>
<p>It is waiting for you <strong>until {{until}}</strong> in {{#if shops}}one of our shops: {{shops}}{{else}}any of our shops{{/if}}.
Please bring your code <strong>{{code}}</strong> and an <strong>identity document</strong>.</p>
<p>You find all your prizes in your account: <a href="{{link}}">{{link}}</a></p>
<p>See you soon at Thé Tip Top!</p>`,
  },
};
