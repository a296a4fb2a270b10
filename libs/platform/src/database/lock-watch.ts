import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource } from 'typeorm';

const EVERY_MS = 200;

/** A lock that a migration waits for, and who has it. */
export interface AwaitedLock {
  /** A table, or what kind of lock it is where it is of none. */
  what: string;
  mode: string;
  /** Of the session that is in the way. */
  pid: number;
  application: string;
  role: string;
  state: string;
  /** How long its transaction has been open. */
  seconds: number;
}

/**
 * Only the sessions of the same pool: migrations wait for nobody else, and a watch for nobody at all. Of several that are in
 * the way the oldest transaction is told.
 */
const AWAITED = `
  SELECT coalesce(l.relation::regclass::text, l.locktype) AS what, l.mode, a.pid, coalesce(a.application_name, '') AS application,
    coalesce(a.usename::text, '') AS role, coalesce(a.state, 'unknown') AS state,
    coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8 AS seconds
  FROM pg_locks l
  JOIN pg_stat_activity waiting ON waiting.pid = l.pid AND waiting.datname = current_database()
    AND waiting.application_name = current_setting('application_name')
  CROSS JOIN LATERAL unnest(pg_blocking_pids(l.pid)) AS blocker (pid)
  JOIN pg_stat_activity a ON a.pid = blocker.pid
  WHERE NOT l.granted
  ORDER BY a.xact_start NULLS LAST LIMIT 1`;

/** Looks, again and again, for what the other connections of a pool wait. Once they have given up nobody could tell any more. */
export class LockWatch {
  private readonly end = new AbortController();
  private seen: AwaitedLock | undefined;
  private watching: Promise<void> = Promise.resolve();

  private constructor(private readonly dataSource: DataSource) {}

  static start(dataSource: DataSource): LockWatch {
    const watch = new LockWatch(dataSource);
    watch.watching = watch.watch();
    return watch;
  }

  /** What was waited for last, and forgets it. */
  take(): AwaitedLock | undefined {
    const { seen } = this;
    this.seen = undefined;
    return seen;
  }

  async stop(): Promise<void> {
    this.end.abort();
    await this.watching;
  }

  private async watch(): Promise<void> {
    const { signal } = this.end;
    while (!signal.aborted) {
      // Without an answer the error names less: that is all.
      const [found] = await this.dataSource.query<AwaitedLock[]>(AWAITED).catch(() => []);
      this.seen = found ?? this.seen;
      await pause(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
