import Handlebars from 'handlebars';
import { compile as compileToText } from 'html-to-text';
import type { Language } from '../language/language';
import type { ComposedMail, MailText } from './mail-kinds';

/** A letter as its reader sees it, in both forms. */
export interface RenderedMail {
  /** One line. */
  subject: string;
  html: string;
  text: string;
}

type Template = (variables: Readonly<Record<string, string>>) => string;

const BRAND = 'Thé Tip Top';
const CLOSING: Readonly<Record<Language, string>> = {
  fr: 'Ce message a été envoyé automatiquement : merci de ne pas y répondre.',
  en: 'This message was sent automatically: please do not reply to it.',
};

// A name that is missing from the variables is a mistake in the template and throws. What a value holds is never read
// as a template, and in HTML never as markup.
const STRICT = { strict: true, knownHelpersOnly: true } as const;
const templates = new WeakMap<MailText, { subject: Template; body: Template }>();

const toText = compileToText({
  wordwrap: 76,
  selectors: [
    { selector: 'title', format: 'skip' },
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true } },
    { selector: 'hr', options: { length: 20 } },
  ],
});

/** Writes a letter out in its language; its plain text is made from its HTML. */
export function renderMail({ language, texts, variables }: Omit<ComposedMail, 'to'>): RenderedMail {
  const { subject: subjectOf, body: bodyOf } = templatesOf(texts[language]);
  const subject = subjectOf(variables)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  const html = layout(language, subject, bodyOf(variables));
  return { subject, html, text: toText(html) };
}

function templatesOf(source: MailText): { subject: Template; body: Template } {
  let compiled = templates.get(source);
  if (!compiled) {
    compiled = {
      // The subject is no HTML.
      subject: Handlebars.compile(source.subject, { ...STRICT, noEscape: true }),
      body: Handlebars.compile(source.body, STRICT),
    };
    templates.set(source, compiled);
  }
  return compiled;
}

/** Around every letter. Nothing is loaded from elsewhere: opening a letter tells nobody that it was opened. */
function layout(language: Language, subject: string, body: string): string {
  const title = Handlebars.escapeExpression(subject);
  return `<!DOCTYPE html>
<html lang="${language}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
</head>
<body style="margin:0;padding:24px 16px">
<div role="article" aria-roledescription="email" aria-label="${title}" lang="${language}" style="max-width:36em;margin:0 auto;font:16px/1.5 Georgia,serif">
<p style="font-size:20px"><strong>${BRAND}</strong></p>
${body.trim()}
<hr>
<p style="font-size:14px">${CLOSING[language]}</p>
</div>
</body>
</html>
`;
}
