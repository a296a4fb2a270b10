import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, AttemptLimiter, networkOf, PG_POOL, TooManyAttempts } from '@tiptop/platform';
import type { Pool } from 'pg';

/**
 * Wrong passwords borne before sign-in pauses. Counted for the pair of account and address, so that a stranger who
 * guesses from elsewhere can't lock the owner out, and for the address over all accounts.
 */
@Injectable()
export class SignInBudget {
  private readonly pair: AttemptLimiter;
  private readonly address: AttemptLimiter;

  constructor(@Inject(PG_POOL) pool: Pool, config: AppConfig) {
    const { loginAttempts } = config;
    this.pair = new AttemptLimiter(pool, 'login-pair', loginAttempts.account, loginAttempts);
    this.address = new AttemptLimiter(pool, 'login-address', loginAttempts.address, loginAttempts);
  }

  /** @throws TooManyAttempts */
  async assertOpen(emailKey: string, address: string): Promise<void> {
    const [pair, all] = await Promise.all([
      this.pair.state(pairKey(emailKey, address)),
      this.address.state(networkOf(address)),
    ]);
    const seconds = Math.max(pair.retryAfterSeconds, all.retryAfterSeconds);
    if (seconds > 0) throw new TooManyAttempts(seconds);
  }

  async fail(emailKey: string, address: string): Promise<void> {
    await Promise.all([this.pair.fail(pairKey(emailKey, address)), this.address.fail(networkOf(address))]);
  }

  async succeed(emailKey: string, address: string): Promise<void> {
    await this.pair.forgive(pairKey(emailKey, address));
  }
}

/** The table of budgets is no place for e-mail addresses. */
function pairKey(emailKey: string, address: string): string {
  return createHash('sha256')
    .update(`${emailKey}\n${networkOf(address)}`)
    .digest('base64url');
}
