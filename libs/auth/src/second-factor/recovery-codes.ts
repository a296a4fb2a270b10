import { randomBytes } from 'node:crypto';
import { secretHash } from '@tiptop/platform';

/** Crockford's base 32: no letter that could be taken for a digit. Its length divides 256, so that no letter is rarer. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 16;
const GROUP = /.{4}(?=.)/g;

export const RECOVERY_CODE_COUNT = 10;

/**
 * Codes to be written down, `7KQ2-M9XH-PA3D-0RWT` for one: 80 random bits each, so that a hash of it needs no salt and
 * nobody guesses one, however often they may try.
 */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODE_COUNT }, () =>
    Array.from(randomBytes(LENGTH), (byte) => ALPHABET.charAt(byte % ALPHABET.length))
      .join('')
      .replace(GROUP, '$&-'),
  );
}

/** SHA-256 of a code as somebody typed it: in either case, with or without hyphens, O for 0, I or L for 1. */
export function recoveryCodeHash(typed: string): Buffer {
  const code = typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return secretHash(code);
}
