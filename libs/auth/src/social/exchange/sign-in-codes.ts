import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock, secretHash } from '@tiptop/platform';
import { DataSource, type EntityManager, MoreThan } from 'typeorm';
import { InvalidToken } from '../../mail-tokens/mail-token.errors';
import type { Provider } from '../provider';
import type { ProviderProfile } from '../provider-profile';
import { SignInCode } from '../sign-in-code.entity';

const CODE_BYTES = 32;

/** Codes that stand for somebody who came back from a provider, until the web client exchanges them for tokens. */
@Injectable()
export class SignInCodes {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** @returns the code, 43 characters of base64url */
  async issue(
    provider: Provider,
    profile: ProviderProfile,
    { challenge, lifeMs }: { challenge: string | null; lifeMs: number },
  ): Promise<string> {
    const { manager } = this.dataSource;
    const now = this.clock.now();
    const code = randomBytes(CODE_BYTES).toString('base64url');
    await manager.query('DELETE FROM sign_in_codes WHERE expires_at <= $1', [now]);
    const { subject } = profile;
    const expiresAt = new Date(now.getTime() + lifeMs);
    await manager.insert(SignInCode, { hash: secretHash(code), provider, subject, profile, challenge, expiresAt });
    return code;
  }

  /**
   * Whom a code stands for. It stays good.
   * @param verifier what the challenge was made from; one without the other is as wrong as a false one
   * @throws InvalidToken; a code that came with a wrong verifier is in wrong hands, and is good for nobody any more
   */
  async read(code: string, verifier: string | undefined): Promise<SignInCode> {
    const { manager } = this.dataSource;
    const hash = secretHash(code);
    const found = await manager.findOneBy(SignInCode, { hash, expiresAt: MoreThan(this.clock.now()) });
    if (!found) throw new InvalidToken();
    const shown = verifier === undefined ? null : createHash('sha256').update(verifier).digest('base64url');
    if (shown !== found.challenge) {
      await manager.delete(SignInCode, { hash });
      throw new InvalidToken();
    }
    return found;
  }

  /**
   * Uses a code up, within the caller's transaction.
   * @throws InvalidToken where somebody else did
   */
  async spend(manager: EntityManager, { hash }: SignInCode): Promise<void> {
    const { affected } = await manager.delete(SignInCode, { hash, expiresAt: MoreThan(this.clock.now()) });
    if (affected !== 1) throw new InvalidToken();
  }
}
