import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MovableClock } from '@tiptop/platform';
import { Client } from 'pg';
import type { BackupScheduler } from '../../libs/ops/src/schedule/backup-scheduler';
import { BackupReplica, script } from '../support/backup-replica';
import { createTestDatabase, type TestDatabase } from '../support/database';

const REPLICAS = 3;
const TICKS = 200;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface SlotRow {
  slot: Date;
  status: string;
  count: number;
}

describe('Replicas that follow one calendar of backups', () => {
  let database: TestDatabase;
  let observer: Client;
  let folder: string;
  let clock: MovableClock;
  let replicas: BackupReplica[];

  beforeEach(async () => {
    database = await createTestDatabase();
    observer = new Client({ connectionString: database.url });
    await observer.connect();
    folder = await mkdtemp(join(tmpdir(), 'tiptop-calendar-'));
    clock = new MovableClock();
    replicas = [];
  });
  afterEach(async () => {
    for (const replica of replicas) await replica.stop();
    await observer.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  /** @param host whose folder of backups each one has: of a host of its own, or the same for all */
  async function start(host: (n: number) => string, plan = script()): Promise<BackupScheduler[]> {
    for (let n = 0; n < REPLICAS; n++) {
      const backupDir = join(folder, host(n));
      replicas.push(await BackupReplica.start({ databaseUrl: database.url, backupDir, clock, script: plan }));
    }
    return replicas.map((replica) => replica.scheduler());
  }
  async function runsOfSlots(): Promise<SlotRow[]> {
    const { rows } = await observer.query<SlotRow>(
      `SELECT slot, status, count(*)::int AS count FROM backup_runs WHERE slot IS NOT NULL
       GROUP BY slot, status ORDER BY slot, status DESC`,
    );
    return rows;
  }
  type Ticks = (schedulers: readonly BackupScheduler[]) => Promise<unknown>;
  const atOnce: Ticks = async (schedulers) => Promise.all(schedulers.map(async (scheduler) => scheduler.run()));
  const inTurn: Ticks = async (schedulers) => {
    for (const scheduler of schedulers) await scheduler.run();
  };
  /** Each replica ticks every hour. */
  async function tick(schedulers: readonly BackupScheduler[], from: Date, ticks: Ticks = atOnce): Promise<void> {
    for (let n = 0; n < TICKS; n++) {
      clock.moveTo(new Date(from.getTime() + n * HOUR_MS));
      await ticks(schedulers);
    }
  }
  const slotsSince = (first: string): Date[] =>
    Array.from({ length: 9 }, (_, n) => new Date(new Date(first).getTime() + n * DAY_MS));

  it.each([
    ['of hosts of their own', (n: number) => `host-${n}`],
    ['of one host', () => 'host'],
  ])('make one run a slot, %s', async (_, host) => {
    const plan = script({ workMs: 20 });
    const schedulers = await start(host, plan);
    // From the first tick on, eight nights and the one before them.
    await tick(schedulers, new Date('2026-11-21T12:30:00Z'));
    const expected = slotsSince('2026-11-21T02:00:00Z').map((slot) => ({ slot, status: 'succeeded', count: 1 }));
    expect(await runsOfSlots()).toEqual(expected);
    expect(plan.most).toBe(1);
    expect(replicas.flatMap(({ alerts }) => alerts.sent)).toEqual([]);
    const made = replicas.flatMap(({ runs }) => runs.requests);
    expect(made.map(({ slot, kind }) => `${slot!.toISOString().slice(0, 10)} ${kind}`).sort()).toEqual([
      '2026-11-21 daily',
      '2026-11-22 weekly',
      ...[23, 24, 25, 26, 27, 28].map((day) => `2026-11-${day} daily`),
      '2026-11-29 weekly',
    ]);
  });

  it('try a slot three times at most, all together', async () => {
    const plan = script({ workMs: 20, outcomes: Array.from({ length: 6 }, () => 'failed') });
    const schedulers = await start((n) => `host-${n}`, plan);
    await tick(schedulers, new Date('2026-11-21T12:30:00Z'), inTurn);
    const rows = await runsOfSlots();
    expect(rows.slice(0, 2)).toEqual([
      { slot: new Date('2026-11-21T02:00:00Z'), status: 'failed', count: 3 },
      { slot: new Date('2026-11-22T02:00:00Z'), status: 'failed', count: 3 },
    ]);
    expect(rows.slice(2).every(({ status, count }) => status === 'succeeded' && count === 1)).toBe(true);
    expect(rows).toHaveLength(9);
    expect(plan.most).toBe(1);
  });

  it('take each request up once, the oldest first', async () => {
    const plan = script({ workMs: 5 });
    const schedulers = await start((n) => `host-${n}`, plan);
    clock.moveTo(new Date('2026-11-21T12:30:00Z'));
    await schedulers[0]!.run();
    for (let n = 9; n > 0; n--) {
      await observer.query(
        `INSERT INTO backup_runs (id, environment, kind, trigger, status, started_at)
         VALUES ($1, $2, 'manual', 'manual', 'requested', $3)`,
        [`request-${n}`, n === 5 ? 'prod' : 'dev', new Date(clock.now().getTime() + n * 1000)],
      );
    }
    for (let n = 0; n < 12; n++) await atOnce(schedulers);
    const { rows } = await observer.query<{ id: string; status: string }>(
      `SELECT id, status FROM backup_runs WHERE slot IS NULL ORDER BY id`,
    );
    expect(rows).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => ({
        id: `request-${n}`,
        // Of another installation.
        status: n === 5 ? 'requested' : 'succeeded',
      })),
    );
    const taken = replicas.flatMap(({ runs }) => runs.requests.map(({ requested }) => requested));
    expect(taken.filter((id) => id !== undefined).sort()).toEqual([1, 2, 3, 4, 6, 7, 8, 9].map((n) => `request-${n}`));
    for (const { runs } of replicas) {
      const order = runs.requests.flatMap(({ requested }) => (requested === undefined ? [] : [requested]));
      expect(order).toEqual(order.toSorted());
    }
    expect(plan.most).toBe(1);
  });
});
