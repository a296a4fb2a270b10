import { setTimeout as sleep } from 'node:timers/promises';
import type { TestApp } from './test-app';

const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;

/** Waits until something is so; throws after a while, so that a failed test leaves nothing running. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await sleep(PAUSE_MS);
  }
}

/** Waits until a transaction on the app's database waits for a lock. */
export async function untilSomebodyWaits(test: TestApp): Promise<void> {
  await untilWaiting(test, 1);
}

/** Waits until so many transactions on the app's database wait for a lock. */
export async function untilWaiting({ database }: TestApp, count: number): Promise<void> {
  await until(`${count} wait for a lock`, async () => {
    const waiting = await database.query<unknown[]>(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return waiting.length >= count;
  });
}
