import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, AttemptLimiter, derivedKey, networkOf, PG_POOL, TooManyAttempts } from '@tiptop/platform';
import type { Pool } from 'pg';

/** How many letters can be asked for: enough for who mistypes or waits, too few to fill somebody's mailbox. */
@Injectable()
export class MailRequestBudget {
  private readonly recipient: AttemptLimiter;
  private readonly address: AttemptLimiter;

  private readonly secret: Buffer;

  constructor(@Inject(PG_POOL) pool: Pool, { mailRequests, accountSecret }: AppConfig) {
    this.recipient = new AttemptLimiter(pool, 'mail-recipient', mailRequests.account, mailRequests);
    this.address = new AttemptLimiter(pool, 'mail-address', mailRequests.address, mailRequests);
    this.secret = derivedKey(accountSecret, 'mail requests');
  }

  /** Counts a request from a network. @throws TooManyAttempts */
  async countAddress(address: string): Promise<void> {
    const { exceeded, retryAfterSeconds } = await this.address.fail(networkOf(address));
    if (exceeded) throw new TooManyAttempts(retryAfterSeconds);
  }

  /**
   * Counts a letter to somebody, known to us or not.
   * @returns seconds until the next one may be asked for; 0 where this one may be sent
   */
  async countRecipient(emailKey: string): Promise<number> {
    // The table of budgets is no place for e-mail addresses, nor for what could be compared with a list of them.
    const key = createHmac('sha256', this.secret).update(emailKey).digest('base64url');
    return (await this.recipient.fail(key)).retryAfterSeconds;
  }
}
