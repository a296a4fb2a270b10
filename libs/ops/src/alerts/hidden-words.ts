import type { AppConfig } from '@tiptop/platform';

const HIDDEN = '[redacted]';
/** Shorter parts of an address are words, `api` or `v2`, and no secret. */
const SHORTEST_PART = 6;

/** Texts that stand in no log and in no error, whoever repeats them. */
export class HiddenWords {
  private readonly words: readonly string[];

  constructor(words: readonly string[]) {
    // The longest first: none is left in part because another one is a part of it.
    this.words = [...new Set(words)].filter((word) => word !== '').sort((a, b) => b.length - a.length);
  }

  redact(text: string): string {
    return this.words.reduce((rest, word) => rest.replaceAll(word, HIDDEN), text);
  }
}

/** The webhook's address but for its host, which is its password; and that of the mail server. */
export function hiddenWordsOf({ mail, ops }: AppConfig): HiddenWords {
  return new HiddenWords([...mailWords(mail.smtpUrl), ...webhookWords(ops.alertWebhookUrl)]);
}

function mailWords(url: string | undefined): string[] {
  if (url === undefined) return [];
  const { username, password } = new URL(url);
  if (password === '') return [];
  const [user, plain] = [decoded(username), decoded(password)];
  // As AUTH LOGIN and AUTH PLAIN send it: servers may repeat what they did not understand.
  return [url, password, plain, base64(plain), base64(`\0${user}\0${plain}`)];
}

function webhookWords(text: string | undefined): string[] {
  if (text === undefined) return [];
  const url = new URL(text);
  const path = url.pathname + url.search;
  const values = url.search
    .slice(1)
    .split('&')
    .map((pair) => pair.slice(pair.indexOf('=') + 1));
  const parts = [...url.pathname.split('/'), ...values].filter((part) => part.length >= SHORTEST_PART);
  const words = [text, url.href, url.password, ...parts];
  if (url.password !== '') words.push(base64(`${decoded(url.username)}:${decoded(url.password)}`));
  if (path.length >= SHORTEST_PART) words.push(path, url.pathname);
  return [...words, ...words.map(decoded)].filter((word) => word !== '/');
}

/** Of the text in UTF-8. */
export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A part of a URL without its escapes; as it stands where they are broken. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
