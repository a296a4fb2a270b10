import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, AttemptLimiter, LOGGER, PG_POOL, TooManyAttempts } from '@tiptop/platform';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { SignInBudget } from '../sign-in/sign-in-budget';
import type { User } from '../users/user.entity';

/** A day: six digits are little, and who meets this pause has the recovery codes, and knows the password. */
const LONGEST_PAUSE_SECONDS = 86_400;

/**
 * Codes of an authenticator tried before it pauses. Whoever tries knows the password, so all networks share the
 * account's budget; those that the account was signed in to from lately have one of their own, which strangers can't
 * use up. Recovery codes are heard all the same.
 */
@Injectable()
export class SecondFactorBudget {
  private readonly tries: AttemptLimiter;
  private readonly confirmations: AttemptLimiter;

  constructor(
    @Inject(PG_POOL) pool: Pool,
    { loginAttempts }: AppConfig,
    private readonly signIns: SignInBudget,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.tries = new AttemptLimiter(pool, 'second-factor', loginAttempts.account, {
      ...loginAttempts,
      maxBlockSeconds: LONGEST_PAUSE_SECONDS,
    });
    this.confirmations = new AttemptLimiter(pool, 'second-factor-confirm', loginAttempts.account, loginAttempts);
  }

  /**
   * Counts a try before the code is looked at, so that of tries made at once no more are heard than the budget bears.
   * @returns what forgives the tries once the code was right
   * @throws TooManyAttempts
   */
  async spend(user: Pick<User, 'id' | 'emailKey'>, address: string): Promise<() => Promise<void>> {
    const known = await this.signIns.knownPair(user.emailKey, address);
    const key = known ?? user.id;
    const { exceeded, failures, retryAfterSeconds } = await this.tries.fail(key);
    if (exceeded) {
      if (failures === this.tries.points + 1) {
        this.logger.warn(
          { userId: user.id, fromKnownNetwork: known !== undefined },
          'Many wrong second factors: somebody may know the password',
        );
      }
      throw new TooManyAttempts(retryAfterSeconds);
    }
    return async () => this.tries.forgive(key);
  }

  /**
   * Counts a code of an authenticator that is about to be turned on. On its own: whoever is signed in without knowing the
   * password must neither guess one nor use up what the owner signs in by.
   * @throws TooManyAttempts
   */
  async spendConfirmation(userId: string): Promise<void> {
    const { exceeded, retryAfterSeconds } = await this.confirmations.fail(userId);
    if (exceeded) throw new TooManyAttempts(retryAfterSeconds);
  }

  /** For a new secret, which nobody has guessed at. */
  async forgiveConfirmations(userId: string): Promise<void> {
    await this.confirmations.forgive(userId);
  }
}
