import type { Language } from '../language/language';
import type { MailText } from './mail-kinds';
import { renderMail } from './rendered-mail';

const TEXTS: Readonly<Record<Language, MailText>> = {
  fr: {
    subject: 'Bonjour {{name}}',
    body: `<p>Bonjour {{name}},</p>
      <p>Votre lien : <a href="{{link}}">Confirmer</a>{{#if note}} ({{note}}){{/if}}</p>`,
  },
  en: { subject: 'Hello {{name}}', body: '<p>Hello {{name}},</p><p><a href="{{link}}">{{link}}</a></p>' },
};

const render = (name: string, language: Language = 'fr', more: Record<string, string> = {}) =>
  renderMail({
    language,
    texts: TEXTS,
    variables: { name, link: 'https://x.example/#token=a-b_c', note: '', ...more },
  });

describe('A letter', () => {
  it('is written in its reader’s language, as HTML and as plain text made of it', () => {
    const french = render('Zoé');
    expect(french.subject).toBe('Bonjour Zoé');
    expect(french.html).toMatch(/^<!DOCTYPE html>\n<html lang="fr" dir="ltr">/);
    expect(french.html).toContain('<title>Bonjour Zoé</title>');
    expect(french.text).toContain('Bonjour Zoé,\n\nVotre lien : Confirmer [https://x.example/#token=a-b_c]');
    expect(french.text).toContain('merci de ne pas y répondre');
    expect(french.text).not.toMatch(/<|&\w+;/);

    const english = render('Zoe', 'en');
    expect(english.subject).toBe('Hello Zoe');
    expect(english.html).toContain('<html lang="en"');
    // An address that stands there already is not told twice.
    expect(english.text.match(/https:/g)).toHaveLength(1);
    expect(english.text).toContain('please do not reply');
  });

  it('loads nothing from elsewhere when it is opened', () => {
    expect(render('Zoé').html).not.toMatch(/<(img|link|script|iframe|object|video)|\bsrc=|url\(|@import/i);
  });

  it.each([
    ['markup', '<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['an attribute’s end', `"'><b onclick=x>`, '&quot;&#x27;&gt;&lt;b onclick&#x3D;x&gt;'],
    ['a template', '{{link}} {{{link}}}', '{{link}} {{{link}}}'],
    ['an entity', '&amp;', '&amp;amp;'],
  ])('takes a name for a name that is %s', (_, name, escaped) => {
    const { subject, html, text } = render(name);
    expect(html).toContain(`<p>Bonjour ${escaped},</p>`);
    expect(html).toContain(`<title>Bonjour ${escaped}</title>`);
    expect(html).not.toMatch(/<script|<b /);
    expect(text).toContain(`Bonjour ${name},`);
    expect(subject).toBe(`Bonjour ${name}`);
  });

  it('keeps a link that a value would leave in its attribute', () => {
    const { html } = render('Zoé', 'fr', { link: 'https://x.example/"onmouseover="alert(1)' });
    expect(html).toContain('<a href="https://x.example/&quot;onmouseover&#x3D;&quot;alert(1)">');
  });

  it.each(['a\r\nBcc: b@example.fr', 'a\n b', 'a\u0000b', 'a\u2028b', 'a\u0085b'])(
    'has a subject of one line: %j',
    (name) => {
      expect(render(name).subject).toMatch(/^Bonjour a [^\p{Cc}\u2028\u2029]+$/u);
    },
  );

  it('says what may be said and leaves out what is empty', () => {
    expect(render('Zoé').text).not.toContain('(');
    expect(render('Zoé', 'fr', { note: 'note' }).text).toContain('(note)');
  });

  it('is not written where a value is missing that its text names', () => {
    expect(() => renderMail({ language: 'fr', texts: TEXTS, variables: { name: 'Zoé' } })).toThrow(/link/);
    expect(() => renderMail({ language: 'fr', texts: TEXTS, variables: {} })).toThrow(/name/);
  });
});
