import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Clock } from '@tiptop/platform';
import { syncToDisk } from '../artifacts/hashed-file';
import { StepFailure } from '../backups/backup-source';
import { formatIdentityFile, type KeyPair, parseIdentities } from './identity-file';

/** Makes the keys that backups are encrypted with, and reads them. */
@Injectable()
export class KeyPairs {
  constructor(private readonly clock: Clock) {}

  /** A new X25519 pair, of the system's randomness. */
  async generate(): Promise<KeyPair> {
    const { generateX25519Identity, identityToRecipient } = await library();
    const identity = await generateX25519Identity();
    return { identity, recipient: await identityToRecipient(identity) };
  }

  /** The text of a pair's file. */
  format(pair: KeyPair): string {
    return formatIdentityFile(pair, this.clock.now());
  }

  /**
   * Writes a pair into a new file that nobody but its owner reads.
   * @throws StepFailure where there is something of this name, which stays as it is: a key lost is a backup lost
   */
  async write(path: string, pair: KeyPair): Promise<void> {
    try {
      const file = await open(path, 'wx', 0o600);
      try {
        await file.writeFile(this.format(pair));
        await file.sync();
      } finally {
        await file.close();
      }
      await syncToDisk(dirname(path));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'EEXIST' ? 'there is a file of this name, and a key is never overwritten' : message;
      throw new StepFailure(`${path} can’t be written: ${why}`, false, { cause: error });
    }
  }

  /**
   * The public keys of an identity file.
   * @throws StepFailure where it can't be read or holds no private key
   */
  async recipientsOf(path: string): Promise<string[]> {
    const identities = parseIdentities(await this.read(path));
    const { identityToRecipient } = await library();
    try {
      return await Promise.all(identities.map((identity) => identityToRecipient(identity)));
    } catch {
      // Not passed on: what the library says of a key might quote it.
      throw new StepFailure(`A private key in ${path} is mistyped: its checksum is wrong`, false);
    }
  }

  private async read(path: string): Promise<string> {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'there is no such file' : message;
      throw new StepFailure(`The identity file ${path} can’t be read: ${why}`, false, { cause: error });
    }
  }
}

// A tenth of a second, which most commands do without.
const library = async (): Promise<typeof import('age-encryption')> => import('age-encryption');
