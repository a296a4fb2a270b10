import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig, derivedKey } from '@tiptop/platform';
import { TOTP_SECRET_BYTES } from './totp';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Secrets of one account, each of 20 bytes. */
export interface TotpSecrets {
  /** Of the authenticator that is asked for, or in a first set-up will be once it is confirmed. */
  inUse: Buffer;
  /** Of the authenticator that takes its place once it is confirmed. */
  next?: Buffer | undefined;
}

/** Encrypts second factors: nonce, tag, then the ciphertext. Bound to the account: moved to another one, it won't open. */
@Injectable()
export class SecretSeal {
  private readonly key: Buffer;

  constructor({ accountSecret }: AppConfig) {
    this.key = derivedKey(accountSecret, 'second factor');
  }

  seal(userId: string, { inUse, next }: TotpSecrets): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(userId));
    const sealed = Buffer.concat([cipher.update(Buffer.concat(next ? [inUse, next] : [inUse])), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws Error where it was sealed for another account or with another ACCOUNT_SECRET, or was altered */
  open(userId: string, sealed: Buffer): TotpSecrets {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(userId))
      .setAuthTag(tag);
    const secrets = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    const next = secrets.subarray(TOTP_SECRET_BYTES);
    return { inUse: secrets.subarray(0, TOTP_SECRET_BYTES), next: next.length > 0 ? next : undefined };
  }
}
