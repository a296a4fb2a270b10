import { createDecipheriv, createHash } from 'node:crypto';

/** What Jenkins writes after each key, to know on reading whether it was decrypted with the right one. */
const MAGIC = Buffer.from('::::MAGIC::::');

/**
 * Whether the key that Jenkins' credentials are encrypted with comes out of its file with the master key: by AES-128 in
 * ECB mode, with the first half of the SHA-256 of the master key's text (DefaultConfidentialStore and Util.toAes128Key in
 * Jenkins' core).
 */
export function fitsMasterKey(masterKey: Buffer, secret: Buffer): boolean {
  const key = createHash('sha256').update(masterKey.toString('utf8').trim()).digest().subarray(0, 16);
  const decipher = createDecipheriv('aes-128-ecb', key, null);
  try {
    return Buffer.concat([decipher.update(secret), decipher.final()])
      .subarray(-MAGIC.length)
      .equals(MAGIC);
  } catch {
    // The padding tells, more often than not, that it is the wrong key.
    return false;
  }
}
