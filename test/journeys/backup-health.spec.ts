import { Alerts, BackupWatch } from '@tiptop/ops';
import { PG_POOL } from '@tiptop/platform';
import { Client, type Pool } from 'pg';
import { MetricsService } from '../../apps/api/src/metrics/metrics.service';
import { opsConfig } from '../support/ops-config';
import { startTestApp, type TestApp } from '../support/test-app';

const HOUR_MS = 3_600_000;
const NIGHT = new Date('2026-11-22T02:00:00Z');
/** Longer than what was read once is taken for new. */
const LATER_MS = 11_000;

const LOCAL = { place: 'local', verified: true };
const S3 = { place: 's3', verified: true };
const SFTP = { place: 'sftp', verified: true };
const S3_FAILED = { place: 's3', verified: false };

interface RunRow {
  status?: string;
  environment?: string;
  trigger?: string;
  copies?: readonly object[];
  quarantined?: string;
  minutes?: number;
}

describe('Health and backups', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.stop());
  beforeEach(async () => {
    await test.database.query('TRUNCATE backup_runs, backup_verifications');
    // Apart from all that an earlier test has read.
    test.clock.moveBy(1000 * HOUR_MS);
    await test.client.get('/health');
    test.clock.moveTo(new Date(NIGHT.getTime() + HOUR_MS));
  });

  const after = (hours: number): Date => new Date(NIGHT.getTime() + hours * HOUR_MS);

  async function ran(hours: number, row: RunRow = {}): Promise<void> {
    const { status = 'succeeded', environment = 'dev', trigger = 'schedule', quarantined = null } = row;
    const { copies = [LOCAL, S3], minutes = 5 } = row;
    const startedAt = after(hours);
    const manifest = status === 'failed' ? null : { archive: { bytes: 61_300_000 }, quarantined };
    await test.database.query(
      `INSERT INTO backup_runs (id, environment, kind, trigger, status, started_at, finished_at, manifest, copies, reason)
       VALUES ($1, $2, 'daily', $3, $4, $5, $6, $7, $8, $9)`,
      [
        `${environment}-${status}-${startedAt.toISOString()}`,
        environment,
        trigger,
        status,
        startedAt,
        status === 'running' ? null : new Date(startedAt.getTime() + minutes * 60_000),
        manifest,
        JSON.stringify(copies),
        status === 'failed' ? 'dumping: the server is gone' : null,
      ],
    );
  }

  async function tried(hours: number, level: string, source: string, passed: boolean, id = 'daily-x'): Promise<void> {
    await test.database.query(
      `INSERT INTO backup_verifications (backup_id, level, source, passed, detail, started_at, finished_at)
       VALUES ($1, $2, $3, $4, 'x', $5, $5)`,
      [id, level, source, passed, after(hours)],
    );
  }

  /** Of both calls, which have to agree. */
  async function healthAt(hours: number): Promise<unknown> {
    test.clock.moveTo(after(hours));
    return health();
  }

  async function health(): Promise<unknown> {
    const [all, ready] = [await test.client.get('/health'), await test.client.get('/health/ready')];
    expect([all.status, ready.status]).toEqual([200, 200]);
    expect(ready.body).toEqual(all.body);
    return all.body;
  }

  const UP = { status: 'ok', checks: { database: 'up', backup: 'up' } };
  const DEGRADED = { status: 'degraded', checks: { database: 'up', backup: 'degraded' } };

  it('is well 25 h after a backup, degraded after 27 h and still 200, and well again after the next one', async () => {
    await ran(0);
    expect(await healthAt(25)).toEqual(UP);
    expect(await healthAt(25.99)).toEqual(UP);
    expect(await healthAt(27)).toEqual(DEGRADED);
    await ran(26.5);
    test.clock.moveBy(LATER_MS);
    expect(await health()).toEqual(UP);
    expect((await test.client.get('/health/live')).body).toEqual({ status: 'ok', checks: {} });
  });

  it('has nothing to say of backups where none is made, as in development', async () => {
    expect(await healthAt(1)).toEqual(UP);
    expect(await healthAt(100)).toEqual(UP);
    await ran(0, { status: 'failed', trigger: 'manual', copies: [] });
    await ran(0, { status: 'running', copies: [] });
    expect(await healthAt(101)).toEqual(UP);
  });

  it.each<[string, number, readonly RunRow[], 'up' | 'degraded']>([
    ['the other store has it', 25, [{ status: 'degraded', copies: [LOCAL, S3_FAILED, SFTP] }], 'up'],
    ['no store has it', 1, [{ status: 'degraded', copies: [LOCAL, S3_FAILED] }], 'degraded'],
    ['there is no store, and the local copy is young', 25, [{ copies: [LOCAL] }], 'up'],
    ['there is no store, and the local copy is old', 27, [{ copies: [LOCAL] }], 'degraded'],
    [
      'there is no store, and the local copy is not verified',
      1,
      [{ copies: [{ ...LOCAL, verified: false }] }],
      'degraded',
    ],
    ['it is quarantined', 1, [{ status: 'degraded', quarantined: 'much smaller than the others' }], 'degraded'],
    ['it is of another environment', 27, [{ environment: 'prod' }], 'up'],
    ['the newest is of another environment', 27, [{ environment: 'prod' }, { copies: [LOCAL] }], 'degraded'],
  ])('where %s', async (_, hours, rows, expected) => {
    for (const row of rows) await ran(0, row);
    expect(await healthAt(hours)).toEqual(expected === 'up' ? UP : DEGRADED);
  });

  it('counts an older backup where the newest reached no store', async () => {
    await ran(0);
    await ran(24, { status: 'degraded', copies: [LOCAL, S3_FAILED] });
    expect(await healthAt(25)).toEqual(UP);
    expect(await healthAt(27)).toEqual(DEGRADED);
  });

  it('is degraded by a failed night, until any run has come to a backup', async () => {
    await ran(0);
    await ran(20, { status: 'failed', trigger: 'manual', copies: [] });
    expect(await healthAt(21)).toEqual(UP);
    await ran(22, { status: 'failed', trigger: 'catch-up', copies: [] });
    expect(await healthAt(23)).toEqual(DEGRADED);
    await ran(23, { trigger: 'manual', status: 'degraded' });
    expect(await healthAt(24)).toEqual(UP);
  });

  it('is degraded by the last trial restore and by the last drill of each store', async () => {
    await ran(0);
    await tried(0, 'restore', 'local', true);
    await tried(0.1, 'drill', 's3', true);
    await tried(0.1, 'drill', 'sftp', false);
    expect(await healthAt(0.2)).toEqual(DEGRADED);
    // The other store alone does not make up for it.
    await tried(0.3, 'drill', 's3', true);
    expect(await healthAt(0.4)).toEqual(DEGRADED);
    await tried(0.5, 'drill', 'sftp', true);
    expect(await healthAt(0.6)).toEqual(UP);
    // Two backups of one drill: one has passed, the other one has not.
    await tried(0.7, 'drill', 's3', true, 'daily-new');
    await tried(0.7, 'drill', 's3', false, 'daily-old');
    expect(await healthAt(0.8)).toEqual(DEGRADED);
    await tried(0.9, 'drill', 's3', true);
    expect(await healthAt(1)).toEqual(UP);
    await tried(1.1, 'restore', 'local', false);
    expect(await healthAt(1.2)).toEqual(DEGRADED);
    await tried(1.3, 'restore', 'local', true);
    expect(await healthAt(1.4)).toEqual(UP);
  });

  it('forgets the drills of a store that takes part in none any more, and those of another environment', async () => {
    await tried(0, 'drill', 'sftp', false);
    await tried(7 * 24, 'drill', 's3', true);
    await ran(9 * 24);
    expect(await healthAt(9 * 24)).toEqual(DEGRADED);
    await tried(8 * 24 + 1, 'drill', 's3', true);
    expect(await healthAt(9 * 24 + 1)).toEqual(UP);
    await ran(9 * 24, { environment: 'prod' });
    const [row] = await test.database.query<{ id: string }[]>(`SELECT id FROM backup_runs WHERE environment = 'prod'`);
    await tried(9 * 24 + 2, 'restore', 'local', false, row!.id);
    expect(await healthAt(9 * 24 + 3)).toEqual(UP);
  });

  it('waits for the first backup as long as for any other, where the calendar makes them', async () => {
    const own = await test.replica({ ops: opsConfig({ scheduler: true }).ops });
    const checks = async (): Promise<unknown> => (await own.client.get<{ checks: unknown }>('/health')).body.checks;
    expect(await checks()).toEqual(UP.checks);
    own.clock.moveBy(25 * HOUR_MS);
    expect(await checks()).toEqual(UP.checks);
    own.clock.moveBy(2 * HOUR_MS);
    expect(await checks()).toEqual(DEGRADED.checks);
  });

  it('asks the database once in ten seconds, however many poll', async () => {
    const asked = jest.spyOn(test.app.get<Pool>(PG_POOL), 'query');
    const count = (): number =>
      asked.mock.calls.filter(([query]) => JSON.stringify(query).includes('backup-state')).length;
    test.clock.moveBy(LATER_MS);
    await Promise.all(Array.from({ length: 20 }, () => test.client.get('/health')));
    expect(count()).toBe(1);
    test.clock.moveBy(9000);
    await health();
    expect(count()).toBe(1);
    test.clock.moveBy(2000);
    await health();
    expect(count()).toBe(2);
    asked.mockRestore();
  });

  it('answers in time while the rows can’t be read, calls that degraded, and logs it once', async () => {
    await ran(0);
    const locker = new Client({ connectionString: test.config.databaseUrl });
    await locker.connect();
    try {
      await locker.query('BEGIN; LOCK TABLE backup_runs');
      test.clock.moveBy(LATER_MS);
      const started = performance.now();
      expect(await health()).toEqual(DEGRADED);
      expect(performance.now() - started).toBeLessThan(4000);
      expect(await health()).toEqual(DEGRADED);
    } finally {
      await locker.end();
    }
    const lines = test.logLines().filter(({ msg }) => typeof msg === 'string' && msg.includes('can’t be told'));
    expect(lines).toMatchObject([{ level: 'warn' }]);
    test.clock.moveBy(LATER_MS);
    expect(await health()).toEqual(UP);
  });

  it('is told of by an alert: once for each time that it gets worse', async () => {
    const { signal } = new AbortController();
    const send = jest.spyOn(test.app.get(Alerts, { strict: false }), 'send').mockResolvedValue([]);
    const watch = test.app.get(BackupWatch, { strict: false });
    const tick = async (hours: number): Promise<string[]> => {
      test.clock.moveTo(after(hours));
      await watch.look(signal);
      return send.mock.calls.map(([{ text }]) => text);
    };
    await ran(0);
    expect(await tick(25)).toEqual([]);
    const stale = 'The newest verified remote copy is of 2026-11-22T02:00:00.000Z: 27.0 h old, and 26 h are allowed';
    for (const hours of [27, 27.1, 28, 29, 40]) expect(await tick(hours)).toEqual([stale]);
    await ran(40);
    expect(await tick(41)).toEqual([stale]);
    expect(await tick(67)).toHaveLength(2);
    expect(await tick(68)).toHaveLength(2);
    send.mockRestore();
  });

  describe('in the metrics', () => {
    let url: string;

    beforeAll(async () => {
      url = `http://127.0.0.1:${await test.app.get(MetricsService).listen('127.0.0.1', 0)}/metrics`;
    });

    async function samples(): Promise<Record<string, number>> {
      test.clock.moveBy(LATER_MS);
      const text = await (await fetch(url)).text();
      const found = [...text.matchAll(/^(backup_\S+) (\S+)$/gm)];
      return Object.fromEntries(found.map(([, name, value]): [string, number] => [name!, Number(value)]));
    }

    it('has no sample of what is not known', async () => {
      expect(await samples()).toEqual({});
    });

    it('tells ages, status, duration and size', async () => {
      await ran(0);
      await ran(24, { status: 'degraded', copies: [LOCAL, S3_FAILED], minutes: 7 });
      // Neither one under way nor that of another environment.
      await ran(24.5, { status: 'running', copies: [] });
      await ran(24.6, { environment: 'prod', minutes: 99 });
      test.clock.moveTo(after(25));
      const found = await samples();
      expect(found).toMatchObject({
        'backup_last_run_status{status="succeeded"}': 0,
        'backup_last_run_status{status="degraded"}': 1,
        'backup_last_run_status{status="failed"}': 0,
        backup_last_run_duration_seconds: 420,
        backup_last_run_bytes: 61_300_000,
      });
      expect(found['backup_newest_remote_age_seconds']).toBeCloseTo(25 * 3600 + 11, -1);
      expect(found['backup_newest_local_age_seconds']).toBeCloseTo(3600 + 11, -1);
      await ran(25, { status: 'failed', copies: [], minutes: 1 });
      const failed = await samples();
      expect(failed['backup_last_run_status{status="failed"}']).toBe(1);
      expect(failed).not.toHaveProperty('backup_last_run_bytes');
      expect(failed['backup_last_run_duration_seconds']).toBe(60);
      await test.database.query('TRUNCATE backup_runs');
      expect(await samples()).toEqual({});
    });
  });
});
