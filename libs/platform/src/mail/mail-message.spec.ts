import { simpleParser } from 'mailparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { ComposedMail } from './mail-kinds';
import { buildMessage } from './mail-message';

const ID = '00000000-0000-4000-8000-000000000001';
const FROM = 'Thé Tip Top <ne-pas-repondre@the-tip-top.example>';
const TEXT = { subject: 'Bonjour {{name}}', body: '<p>Bonjour {{name}}</p>' };

const letterTo = (name: string): ComposedMail => ({
  to: { name, address: 'zoe@example.fr' },
  language: 'fr',
  texts: { fr: TEXT, en: TEXT },
  variables: { name },
});

/** What goes over the wire, and how a mail program reads it. */
async function sent(name: string, from = FROM) {
  const raw = await new MailComposer(buildMessage({ id: ID }, letterTo(name), from)).compile().build();
  return { raw: raw.toString(), parsed: await simpleParser(raw) };
}

describe('A letter’s headers', () => {
  it('name its sender, its reader and itself, the same way each time', async () => {
    const [first, second] = [await sent('Zoé'), await sent('Zoé')];
    expect(first.parsed.messageId).toBe(`<${ID}@the-tip-top.example>`);
    expect(second.parsed.messageId).toBe(first.parsed.messageId);
    expect(first.parsed.from?.value).toEqual([{ name: 'Thé Tip Top', address: 'ne-pas-repondre@the-tip-top.example' }]);
    expect(first.parsed.to).toMatchObject({ value: [{ name: 'Zoé', address: 'zoe@example.fr' }] });
    expect(first.parsed.headers.get('auto-submitted')).toBe('auto-generated');
    expect(first.parsed.headers.get('content-type')).toMatchObject({ value: 'multipart/alternative' });
    expect(first.parsed.text).toContain('Bonjour Zoé');
    expect(first.parsed.html).toContain('<p>Bonjour Zoé</p>');
  });

  it.each([
    'Zoé\r\nBcc: victim@example.fr\r\n\r\nAnother letter',
    'Zoé\nX-Injected: 1',
    'Zoé\rX-Injected: 1',
    'Zoé" <victim@example.fr>, "',
    'Zoé\u0000',
    '=?utf-8?q?=0ABcc:_victim=40example.fr?=',
  ])('are not added to by a name: %j', async (name) => {
    const { raw, parsed } = await sent(name);
    const known = ['from', 'to', 'subject', 'message-id', 'auto-submitted', 'date', 'mime-version', 'content-type'];
    expect([...parsed.headers.keys()].sort()).toEqual([...known].sort());
    expect(parsed.to).toMatchObject({ value: [{ address: 'zoe@example.fr' }] });
    expect(raw.split('\r\n\r\n')[0]).not.toMatch(/^(Bcc|X-Injected)/im);
  });

  it.each([
    ['contact@shop.example', 'shop.example'],
    ['"a@b" <x@SHOP.example>', 'shop.example'],
    ['somebody@', 'localhost'],
  ])('take the domain of the sender: %s', (from, domain) => {
    expect(buildMessage({ id: ID }, letterTo('Zoé'), from).messageId).toBe(`<${ID}@${domain}>`);
  });

  it('never let a letter read a file or an address', () => {
    expect(buildMessage({ id: ID }, letterTo('Zoé'), FROM)).toMatchObject({
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  });
});
