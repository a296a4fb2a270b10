import { hkdfSync } from 'node:crypto';

/**
 * A key of 32 bytes for one purpose, out of a secret that serves several (HKDF with SHA-256, RFC 5869): what is made
 * with it for one purpose is worth nothing for another.
 */
export function derivedKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
}
