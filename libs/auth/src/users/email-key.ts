import { domainToASCII } from 'node:url';

/**
 * The form in which two spellings of one e-mail address are equal: Unicode NFKC, lower case, the domain in ASCII.
 * Dots and +tags stay: only some providers ignore them.
 */
export function emailKey(email: string): string {
  const folded = email.trim().normalize('NFKC').toLowerCase();
  const at = folded.lastIndexOf('@');
  const domain = domainToASCII(folded.slice(at + 1));
  return domain === '' ? folded : `${folded.slice(0, at)}@${domain}`;
}
