import { Injectable } from '@nestjs/common';
import { AuditLog, type AuditRecord } from '@tiptop/platform';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Entries of one kind about an account in an hour on one replica: enough to see what is up, too few to fill the log. */
const ENTRIES = 20;
const WINDOW_SECONDS = 3600;

/** Writes down what somebody was refused who may ask again as often as they like. */
@Injectable()
export class RefusalRecorder {
  private readonly budget = new RateLimiterMemory({ points: ENTRIES, duration: WINDOW_SECONDS });

  constructor(private readonly audit: AuditLog) {}

  async record(accountId: string, refusal: AuditRecord): Promise<void> {
    if (await this.isOneTooMany(`${refusal.action} ${accountId}`)) return;
    await this.audit.recordApart(refusal);
  }

  private async isOneTooMany(key: string): Promise<boolean> {
    try {
      await this.budget.consume(key);
      return false;
    } catch (error) {
      if (error instanceof RateLimiterRes) return true;
      throw error;
    }
  }
}
