import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSession, type SessionOptions } from './database-session';

/** Each server process tells what it has done once a second; of many there is always one that does. */
const BETWEEN_LOOKS_MS = 250;
/** Transactions a second in the database, from which on people are at work in it; health checks and jobs alone make a few. */
const BUSY_PER_SECOND = 50;

/** Whether people want the database server just now. Where that can't be told, they don't. */
export class ServerLoad {
  private busy = false;
  private readonly over = new AbortController();
  private readonly watching: Promise<void>;

  private constructor(private readonly session: DatabaseSession) {
    this.watching = this.watch().catch(() => {
      this.busy = false;
    });
  }

  /** @throws StepFailure */
  static async watch(options: SessionOptions): Promise<ServerLoad> {
    return new ServerLoad(await DatabaseSession.open(options));
  }

  get isBusy(): boolean {
    return this.busy;
  }

  /** Never rejects. */
  async stop(): Promise<void> {
    this.over.abort();
    await this.watching;
    await this.session.close();
  }

  private async watch(): Promise<void> {
    let before = await this.transactions();
    let at = performance.now();
    while (!this.over.signal.aborted) {
      await pause(BETWEEN_LOOKS_MS, undefined, { signal: this.over.signal }).catch(() => undefined);
      const now = await this.transactions();
      const seconds = (performance.now() - at) / 1000;
      this.busy = (now - before) / seconds > BUSY_PER_SECOND;
      [before, at] = [now, performance.now()];
    }
  }

  /** So far. */
  private async transactions(): Promise<number> {
    const [row] = await this.session.query<{ n: string }>(
      'SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()',
    );
    return Number(row?.n);
  }
}
