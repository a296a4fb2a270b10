import type { Pool } from 'pg';

/** Orders moved in one transaction. */
const BATCH = 500;

/**
 * Moves orders of letters on to the queue. A play writes no more than an order: the queue's row, with its wide columns and
 * many indexes, would cost it a third of its throughput.
 */
export class MailRelay {
  private timer: NodeJS.Timeout | undefined;
  private underWay: Promise<void> = Promise.resolve();
  private stopped = false;

  /**
   * @param pauseMs between one look and the next
   * @param onError told of each look that failed; the next one may succeed
   */
  constructor(
    private readonly pool: Pool,
    private readonly pauseMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    this.timer = setTimeout(() => {
      this.underWay = this.moveAll()
        .catch(this.onError)
        .finally(() => {
          if (!this.stopped) this.start();
        });
    }, this.pauseMs);
  }

  /** Waits for the move under way. What is left waits in the database. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.underWay;
  }

  private async moveAll(): Promise<void> {
    let moved: number;
    do moved = await moveOrders(this.pool, BATCH);
    while (moved === BATCH && !this.stopped);
  }
}

/** @returns how many orders were moved */
export async function moveOrders(pool: Pool, most: number): Promise<number> {
  const { rows } = await pool.query<{ moved: number }>('SELECT move_mail_orders($1) AS moved', [most]);
  return rows[0]?.moved ?? 0;
}
