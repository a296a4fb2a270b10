import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';

// The package's enum is ambient, which SWC can't read: 2 is its Argon2id.
const ARGON2ID = 2;
/** OWASP's first recommendation for Argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes and compares passwords (Argon2id, PHC format), on the thread pool. */
@Injectable()
export class PasswordHasher {
  private readonly decoy = hash('a password that nobody has', PARAMETERS);

  async hash(password: string): Promise<string> {
    return hash(password, PARAMETERS);
  }

  /**
   * Whether the password is the one behind the hash. Without a hash (an unknown e-mail, an account without password) it
   * takes as long and says no, so that time does not tell who has an account.
   */
  async verify(phcHash: string | null | undefined, password: string): Promise<boolean> {
    const matches = await verify(phcHash ?? (await this.decoy), password);
    return matches && phcHash !== null && phcHash !== undefined;
  }
}
