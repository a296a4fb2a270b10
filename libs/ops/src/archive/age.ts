import type { Readable, Writable } from 'node:stream';
import { StepFailure } from '../backups/backup-source';

/**
 * `wrong-key`: no identity fits. `not-age`: not encrypted with age at all. `header`: its first lines are damaged. `payload`:
 * what follows is, or its end is missing. `cut-off`: its end is missing for certain.
 */
export type AgeFaultKind = 'wrong-key' | 'not-age' | 'header' | 'payload' | 'cut-off';

/** What is to be decrypted can't be. */
export class AgeFault extends Error {
  constructor(
    readonly kind: AgeFaultKind,
    options?: ErrorOptions,
  ) {
    super(`age: ${kind}`, options);
    this.name = 'AgeFault';
  }
}

/** Encrypts and decrypts files in the format age-encryption.org/v1, streaming, to X25519 keys. */
export interface Age {
  /** For the manifest's tools: `age 1.1.1`. */
  readonly version: string;
  /** What an operator should know of it; undefined where there is nothing. */
  readonly remark: string | undefined;
  /**
   * Encrypts to each of the public keys, and ends `target`. Resolves once all is written.
   * @throws StepFailure
   */
  encrypt(source: Readable, recipients: readonly string[], target: Writable, signal: AbortSignal): Promise<void>;
  /**
   * Decrypts with the first identity of a file that fits, and ends `target`. What arrives is genuine, but may be cut off
   * unless this resolves.
   * @throws AgeFault, StepFailure
   */
  decrypt(source: Readable, identityFile: string, target: Writable, signal: AbortSignal): Promise<void>;
}

/** Begins every file of age, 1 of its format. */
export const AGE_INTRO = 'age-encryption.org/v1\n';
/** Plain bytes of a chunk; encrypted it is longer by its tag. */
export const AGE_CHUNK = 64 * 1024;
export const AGE_TAG = 16;

/** @throws StepFailure where there is nobody to encrypt to: age would refuse it later, in other words */
export function requireRecipients(recipients: readonly string[]): void {
  if (recipients.length === 0) throw new StepFailure('There is no public key to encrypt to', false);
}
