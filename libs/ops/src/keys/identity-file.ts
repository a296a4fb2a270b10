import { StepFailure } from '../backups/backup-source';

const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;

/** A private key, and the public one that is made from it. */
export interface KeyPair {
  /** `AGE-SECRET-KEY-1…`: opens what is encrypted to its recipient. A secret. */
  identity: string;
  /** `age1…` */
  recipient: string;
}

/** As age-keygen writes it, and `age --identity` reads it. */
export function formatIdentityFile({ identity, recipient }: KeyPair, createdAt: Date): string {
  const at = createdAt.toISOString().replace(/\.\d+Z$/, 'Z');
  return `# created: ${at}\n# public key: ${recipient}\n${identity}\n`;
}

/**
 * The private keys of a file as age-keygen writes it: one a line, comments with #.
 * @throws StepFailure that tells the line at fault, and nothing of what stands in it
 */
export function parseIdentities(text: string): string[] {
  if (/^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED)/.test(text)) {
    throw new StepFailure('The identity file is protected by a passphrase, which nobody can type here', false);
  }
  const identities: string[] = [];
  for (const [n, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (!IDENTITY.test(line)) {
      throw new StepFailure(`Line ${n + 1} of the identity file is no private key, AGE-SECRET-KEY-1…`, false);
    }
    identities.push(line);
  }
  if (identities.length === 0) throw new StepFailure('The identity file holds no private key', false);
  return identities;
}
