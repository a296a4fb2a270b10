import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, AttemptLimiter, networkOf, PG_POOL, TooManyAttempts } from '@tiptop/platform';
import type { Pool } from 'pg';

/**
 * Registrations borne from one network, made and refused alike: a refused one tells whether somebody has an account, and
 * each of them has a password judged and hashed. So has a change of password, which counts as well: to judge one keeps the
 * process from everything else for up to a tenth of a second.
 */
@Injectable()
export class RegistrationBudget {
  private readonly address: AttemptLimiter;

  constructor(@Inject(PG_POOL) pool: Pool, { registrations }: AppConfig) {
    this.address = new AttemptLimiter(pool, 'registration-address', registrations.address, registrations);
  }

  /**
   * Counts one, before anything is done for it.
   * @throws TooManyAttempts where it is one too many
   */
  async spend(address: string): Promise<void> {
    const { exceeded, retryAfterSeconds } = await this.address.fail(networkOf(address));
    if (exceeded) throw new TooManyAttempts(retryAfterSeconds);
  }
}
