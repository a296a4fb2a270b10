import type { Pool } from 'pg';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { AttemptBudget } from '../config/app-config';

/** The table of every budget; its shape is rate-limiter-flexible's. `expire` is in milliseconds since 1970. */
export const ATTEMPT_BUDGETS_TABLE = 'attempt_budgets';

const BACK_OFF_MEMORY_SECONDS = 86_400;

/** Where a key stands. */
export interface AttemptState {
  /** Failures counted in the window. */
  failures: number;
  /** Whether the budget is used up. */
  exceeded: boolean;
  /** Seconds until it opens again; 0 where it is open. */
  retryAfterSeconds: number;
}

const OPEN: AttemptState = { failures: 0, exceeded: false, retryAfterSeconds: 0 };

/**
 * Counts failures of one kind by key (an account, an address) in PostgreSQL, so that every replica shares them. A key
 * that uses up its budget is blocked, twice as long at each further block within a day.
 */
export class AttemptLimiter {
  private readonly failures: RateLimiterPostgres;
  private readonly blocks: RateLimiterPostgres;

  /**
   * @param name prefix of the keys in the table
   * @param points failures borne in the window; the next one blocks
   */
  constructor(
    pool: Pool,
    readonly name: string,
    readonly points: number,
    private readonly budget: AttemptBudget,
  ) {
    const shared = { storeClient: pool, storeType: 'pool', tableName: ATTEMPT_BUDGETS_TABLE, tableCreated: true };
    this.failures = new RateLimiterPostgres({ ...shared, keyPrefix: name, points, duration: budget.windowSeconds });
    this.blocks = new RateLimiterPostgres({
      ...shared,
      keyPrefix: `${name}-blocks`,
      points: Number.MAX_SAFE_INTEGER,
      duration: BACK_OFF_MEMORY_SECONDS,
      clearExpiredByTimeout: false,
    });
  }

  /** The key's row in the table, for a statement that reads the budget itself. */
  rowKey(key: string): string {
    return this.failures.getKey(key);
  }

  async state(key: string): Promise<AttemptState> {
    const found = await this.failures.get(key);
    return found ? this.bounded(key, this.toState(found)) : OPEN;
  }

  /** Counts one failure. Exceeding the budget starts a block. */
  async fail(key: string): Promise<AttemptState> {
    try {
      return this.toState(await this.failures.consume(key));
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      // Only the failure that crosses the line starts the block; those already under way when it fell don't lengthen it.
      if (refusal.consumedPoints > this.points + 1) return this.bounded(key, this.toState(refusal));
      const { consumedPoints: times } = await this.blocks.consume(key);
      return this.toState(await this.failures.block(key, this.blockSeconds(times)));
    }
  }

  /** Forgets the key's failures; its earlier blocks still count for the back-off. */
  async forgive(key: string): Promise<void> {
    await this.failures.delete(key);
  }

  /**
   * Between the failure that crosses the line and the block it starts, the row still tells the end of the window: nobody
   * is told to wait longer than the block will last.
   */
  private async bounded(key: string, state: AttemptState): Promise<AttemptState> {
    if (!state.exceeded) return state;
    const times = (await this.blocks.get(key))?.consumedPoints ?? 1;
    return { ...state, retryAfterSeconds: Math.min(state.retryAfterSeconds, this.blockSeconds(times)) };
  }

  /** @param times how many blocks of the last day, this one included */
  private blockSeconds(times: number): number {
    return Math.min(this.budget.blockSeconds * 2 ** (times - 1), this.budget.maxBlockSeconds);
  }

  private toState(result: RateLimiterRes): AttemptState {
    const exceeded = result.consumedPoints > this.points;
    return {
      failures: result.consumedPoints,
      exceeded,
      retryAfterSeconds: exceeded ? Math.max(1, Math.ceil(result.msBeforeNext / 1000)) : 0,
    };
  }
}
