import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, AttemptLimiter, networkOf, PG_POOL, TooManyAttempts } from '@tiptop/platform';
import type { Pool } from 'pg';

/**
 * Tokens from one network that turned out worthless. To learn it a provider has to be asked, and that bears only so many
 * questions from us: whoever makes tokens up would use them up for everybody.
 */
@Injectable()
export class RefusedTokenBudget {
  private readonly address: AttemptLimiter;

  constructor(@Inject(PG_POOL) pool: Pool, { loginAttempts }: AppConfig) {
    this.address = new AttemptLimiter(pool, 'provider-address', loginAttempts.address, loginAttempts);
  }

  /** @throws TooManyAttempts */
  async assertOpen(address: string): Promise<void> {
    const { exceeded, retryAfterSeconds } = await this.address.state(networkOf(address));
    if (exceeded) throw new TooManyAttempts(retryAfterSeconds);
  }

  /** Counts a refusal. */
  async fail(address: string): Promise<void> {
    await this.address.fail(networkOf(address));
  }
}
