import type { Language, MailText } from '@tiptop/platform';

export const PRIZE_REMINDER: Readonly<Record<Language, MailText>> = {
  fr: {
    subject: '{{firstName}}, ce que vous avez gagné vous attend encore',
    body: `
<p>Bonjour {{firstName}},</p>
<p>Voici ce que vous avez gagné et pas encore retiré : <strong>{{prizes}}</strong>.</p>
<p>Venez <strong>avant le {{until}}</strong> dans {{#if shops}}l’une de nos boutiques : {{shops}}{{else}}l’une de nos boutiques{{/if}}.
Présentez-y votre code et une <strong>pièce d’identité</strong>. Passé cette date, aucun lot ne pourra plus être remis.</p>
<p>Vous retrouvez tous vos lots sur votre compte : <a href="{{link}}">{{link}}</a></p>
<p>À bientôt chez Thé Tip Top !</p>`,
  },
  en: {
    subject: '{{firstName}}, what you have won is still waiting for you',
    body: `
<p>Hello {{firstName}},</p>
<p>This is what you have won and not yet fetched: <strong>{{prizes}}</strong>.</p>
<p>Please come <strong>before {{until}}</strong> to {{#if shops}}one of our shops: {{shops}}{{else}}one of our shops{{/if}}.
Bring your code and an <strong>identity document</strong>. After that, no prize can be handed over any more.</p>
<p>You find all your prizes in your account: <a href="{{link}}">{{link}}</a></p>
<p>See you soon at Thé Tip Top!</p>`,
  },
};
