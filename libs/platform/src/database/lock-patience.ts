import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { isLockFailure } from '../errors/database-errors';
import { type AwaitedLock, LockWatch } from './lock-watch';
import { MigrationBlocked } from './migration-blocked';

/** How long a migration waits for a lock, in milliseconds. */
export interface LockPatience {
  /** One statement at a time. Whoever comes after it to the same table waits as long. */
  waitMs: number;
  tries: number;
  /** Between two tries, in which those who had to wait go on. */
  pauseMs: number;
}

export const LOCK_PATIENCE: LockPatience = { waitMs: 2000, tries: 5, pauseMs: 3000 };

/**
 * Does work on a schema in which others are at work. A statement that waits for a lock keeps everybody else waiting behind
 * it; so it gives up soon, lets them go on, and is tried again. That there is a limit for one statement is the connection's.
 * @param work may be done again after it failed: what it has come to is in the database
 * @throws MigrationBlocked naming what holds the lock, where no try came through; whatever else the work throws
 */
export async function withPatience<T>(
  dataSource: DataSource,
  { tries, pauseMs, waitMs }: LockPatience,
  work: () => Promise<T>,
): Promise<T> {
  const watch = LockWatch.start(dataSource);
  let seen: AwaitedLock | undefined;
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!isLockFailure(error)) throw error;
        seen = watch.take() ?? seen;
        if (attempt >= tries) throw new MigrationBlocked(seen, { tries, waitMs }, { cause: error });
        await pause(pauseMs);
      }
    }
  } finally {
    await watch.stop();
  }
}
