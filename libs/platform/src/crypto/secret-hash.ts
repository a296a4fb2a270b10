import { createHash } from 'node:crypto';

/**
 * By what a secret is known that nobody has to remember: a token, a code. SHA-256 without salt or stretching, which is
 * enough for random texts of 80 bits and more, and no way to keep a password.
 */
export function secretHash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
