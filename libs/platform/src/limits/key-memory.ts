import type { Pool } from 'pg';
import { RateLimiterPostgres } from 'rate-limiter-flexible';
import { ATTEMPT_BUDGETS_TABLE } from './attempt-limiter';

/** Remembers keys of one kind for a time, in the table of the budgets, so that every replica knows them. */
export class KeyMemory {
  private readonly rows: RateLimiterPostgres;

  /**
   * @param name prefix of the keys in the table
   * @param seconds for which a key is remembered, counted from the last time it was
   */
  constructor(
    pool: Pool,
    name: string,
    private readonly seconds: number,
  ) {
    this.rows = new RateLimiterPostgres({
      storeClient: pool,
      storeType: 'pool',
      tableName: ATTEMPT_BUDGETS_TABLE,
      tableCreated: true,
      keyPrefix: name,
      points: 1,
      duration: seconds,
      // Any of the limiters beside it clears the whole table.
      clearExpiredByTimeout: false,
    });
  }

  async knows(key: string): Promise<boolean> {
    return (await this.rows.get(key)) !== null;
  }

  async remember(key: string): Promise<void> {
    await this.rows.set(key, 1, this.seconds);
  }
}
