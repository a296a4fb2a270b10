import { performance } from 'node:perf_hooks';
import { BackupRun, BackupVerification, type Kpi, type KpiName, Kpis, type KpiSet } from '@tiptop/ops';
import type { ApiResponse } from '../support/api-client';
import { registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { addDeployment, releaseOf } from '../support/deployment-rows';
import { DocumentedAnswers } from '../support/openapi-match';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = new Date('2026-11-22T12:00:00.000Z');

const ago = (ms: number): Date => new Date(NOW.getTime() - ms);

describe('The key figures of operations', () => {
  let test: TestApp;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
  });
  beforeEach(async () => {
    await test.database.query('DELETE FROM deployments; DELETE FROM backup_runs; DELETE FROM backup_verifications');
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await test.stop();
  });

  const ask = (query = ''): Promise<ApiResponse<KpiSet>> =>
    test.client.get<KpiSet>(`/v1/ops/kpis${query}`, admin.accessToken);
  const deployed = (endedAt: Date, changes: Parameters<typeof addDeployment>[2] = {}) =>
    addDeployment(test.database, new Date(endedAt.getTime() - MINUTE), { finishedAt: endedAt, ...changes });

  /** As they are at NOW. */
  async function kpi(name: KpiName, days = 30): Promise<Kpi> {
    jest.spyOn(test.clock, 'now').mockReturnValue(NOW);
    const set = await test.app.get(Kpis, { strict: false }).over(days);
    return set[name];
  }

  let made = 0;

  async function backup(at: Date, changes: Partial<BackupRun> = {}): Promise<void> {
    made++;
    const copy = { verified: true, verifiedAt: at.toISOString(), detail: '' };
    const run = {
      ...{ id: `manual-${made}`, environment: 'dev', kind: 'manual', trigger: 'manual', slot: null },
      ...{ status: 'succeeded', owner: 'x', startedAt: at, finishedAt: at, manifest: { quarantined: null } },
      copies: [
        { place: 'local', ...copy },
        { place: 's3', ...copy },
      ],
      ...changes,
    };
    await test.database.getRepository(BackupRun).insert(run as never);
  }

  async function trial(startedAt: Date, endedAt: Date, changes: Partial<BackupVerification> = {}): Promise<void> {
    const row = { backupId: 'manual-0', level: 'drill', source: 's3', passed: true, detail: '', startedAt } as const;
    await test.database.getRepository(BackupVerification).insert({ ...row, finishedAt: endedAt, ...changes });
  }

  describe('are asked for', () => {
    it('over thirty days, where nothing has happened yet', async () => {
      const { status, body } = await ask();
      expect(status).toBe(200);
      const nothing = { value: null, met: null, from: expect.stringMatching(/^(there is )?no /) as string };
      expect(body).toEqual({
        rto: { ...nothing, unit: 'minutes', target: 30 },
        rpo: { ...nothing, unit: 'hours', target: 24 },
        mttr: { ...nothing, unit: 'minutes', target: 60 },
        deployFrequency: { ...nothing, unit: 'per day', target: 1 },
        deploySuccessRate: { ...nothing, unit: 'percent', target: 95 },
      });
    });

    it('over other periods, by administrators, as the document says', async () => {
      test.clock.reset();
      await deployed(new Date(Date.now() - 10 * DAY));
      await backup(new Date(Date.now() - HOUR));
      expect((await ask('?days=9')).body.deploySuccessRate.value).toBeNull();
      const answer = await ask('?days=11');
      expect(answer.body.deploySuccessRate).toMatchObject({ value: 100, met: true });
      expect((await ask('?days=366')).status).toBe(200);
      for (const days of ['0', '367', '1.5', 'many', '']) expectInvalid(await ask(`?days=${days}`), 'days');
      const { body: document } = await test.client.get('/openapi.json');
      const documented = new DocumentedAnswers(document as ConstructorParameters<typeof DocumentedAnswers>[0]);
      expect(documented.disagreements('GET', '/v1/ops/kpis', answer)).toEqual([]);
      const { accessToken } = await registerCustomer(test);
      expectProblem(await test.client.get('/v1/ops/kpis', accessToken), 403, 'FORBIDDEN');
      expectProblem(await test.client.get('/v1/ops/kpis'), 401, 'UNAUTHENTICATED');
    });
  });

  describe('count deployments', () => {
    const failed = { status: 'failed', reason: 'x' } as const;

    it('that are over, of this environment, of the period, and no rollbacks', async () => {
      await deployed(ago(40 * DAY));
      await deployed(ago(30 * DAY));
      await deployed(ago(30 * DAY - 1));
      await deployed(ago(5 * DAY));
      await deployed(ago(4 * DAY), { status: 'cancelled', reason: 'x', release: null });
      await deployed(ago(3 * DAY), { status: 'rolled-back', reason: 'x', failureNoticedAt: NOW, recoveredAt: NOW });
      await deployed(ago(3 * DAY), failed);
      await deployed(ago(2 * DAY), { kind: 'rollback' });
      await deployed(ago(DAY), { kind: 'rollback', ...failed });
      await deployed(ago(DAY), { environment: 'prod' });
      await addDeployment(test.database, ago(MINUTE), { status: 'running', finishedAt: null });
      expect(await kpi('deploySuccessRate')).toMatchObject({
        ...{ value: 40, met: false },
        from: expect.stringMatching(/^2 of 5 deployments that ended since 2026-10-23T12:00:00\.000Z/) as string,
      });
      expect(await kpi('deployFrequency')).toMatchObject({
        ...{ value: 0.07, met: false },
        from: '2 deployments that succeeded, of 5, in 30 days since 2026-10-23T12:00:00.000Z',
      });
    });

    it.each([
      [19, 1, 95, false],
      [20, 1, 95.24, true],
      [1, 0, 100, true],
      [0, 1, 0, false],
    ])('of which %i succeeded and %i did not: %f percent', async (good, bad, value, met) => {
      for (let n = 0; n < good; n++) await deployed(ago(n * HOUR));
      for (let n = 0; n < bad; n++) await deployed(ago(n * HOUR), failed);
      expect(await kpi('deploySuccessRate')).toMatchObject({ value, met });
    });

    it('a day, since the first one where that is not as long ago', async () => {
      // Begun ten days ago.
      await deployed(ago(10 * DAY - MINUTE));
      for (let n = 0; n < 8; n++) await deployed(ago(n * HOUR));
      const young = await kpi('deployFrequency');
      expect(young).toMatchObject({ value: 0.9, met: false });
      expect(young.from).toBe('9 deployments that succeeded, of 9, in 10 days since 2026-11-12T12:00:00.000Z');
      await deployed(ago(9 * HOUR));
      expect(await kpi('deployFrequency')).toMatchObject({ value: 1, met: true });
      expect(await kpi('deployFrequency', 1)).toMatchObject({ value: 9, met: true });
    });

    it('a day, of a day at least', async () => {
      await deployed(ago(HOUR));
      expect(await kpi('deployFrequency')).toMatchObject({ value: 1, met: true });
    });

    it('and finds none in the period where there were some before', async () => {
      await deployed(ago(40 * DAY));
      expect(await kpi('deployFrequency')).toMatchObject({ value: 0, met: false });
      expect(await kpi('deploySuccessRate')).toMatchObject({ value: null, met: null });
    });
  });

  describe('measure the time to recovery', () => {
    const noticed = (at: Date, status: 'failed' | 'rollback-failed' = 'failed') =>
      ({ status, reason: 'x', failureNoticedAt: at }) as const;

    it('in the mean, of what was rolled back by itself', async () => {
      for (const minutes of [2, 5]) {
        const at = ago(minutes * HOUR);
        const recoveredAt = new Date(at.getTime() + minutes * MINUTE);
        await deployed(recoveredAt, { ...noticed(at), status: 'rolled-back', recoveredAt });
      }
      expect(await kpi('mttr')).toEqual({
        ...{ value: 3.5, unit: 'minutes', target: 60, met: true },
        from: '2 failures noticed and recovered from, by rollback or by the next success, since 2026-10-23T12:00:00.000Z',
      });
    });

    it('until the next success of the same environment, of what was not', async () => {
      await deployed(ago(10 * HOUR), noticed(ago(10 * HOUR)));
      await deployed(ago(9 * HOUR), { environment: 'prod' });
      await deployed(ago(8.5 * HOUR), { status: 'cancelled', reason: 'x' });
      await deployed(ago(8 * HOUR), noticed(ago(8.25 * HOUR), 'rollback-failed'));
      await deployed(ago(7 * HOUR), { kind: 'rollback' });
      await deployed(ago(6 * HOUR));
      // 180 and 75 minutes.
      expect(await kpi('mttr')).toMatchObject({ value: 127.5, met: false });
    });

    it('from the end on, where it was not written down when the failure was noticed', async () => {
      await deployed(ago(2 * HOUR), { status: 'failed', reason: 'x' });
      await deployed(ago(1.5 * HOUR));
      expect(await kpi('mttr')).toMatchObject({ value: 30, met: true });
    });

    it('as failed once what still fails has failed for an hour', async () => {
      await deployed(ago(59 * MINUTE), noticed(ago(59 * MINUTE)));
      expect(await kpi('mttr')).toMatchObject({ value: null, met: null });
      await deployed(ago(3 * HOUR), {
        ...noticed(ago(3 * HOUR)),
        status: 'rolled-back',
        recoveredAt: ago(3 * HOUR - MINUTE),
      });
      expect(await kpi('mttr')).toMatchObject({ value: 1, met: true });
      await deployed(ago(58 * MINUTE), noticed(ago(61 * MINUTE)));
      const late = await kpi('mttr');
      expect(late).toMatchObject({ value: 1, met: false });
      expect(late.from).toMatch(/^1 failure noticed .*; 2 more not recovered from yet, for up to 61 minutes$/);
    });

    it('of the period, and never below nothing', async () => {
      const old = ago(31 * DAY);
      await deployed(old, { ...noticed(old), status: 'rolled-back', recoveredAt: new Date(old.getTime() + HOUR) });
      expect((await kpi('mttr')).from).toBe('no failure was noticed since 2026-10-23T12:00:00.000Z');
      // A clock was set back.
      await deployed(ago(DAY), { ...noticed(ago(DAY)), status: 'rolled-back', recoveredAt: ago(DAY + HOUR) });
      expect(await kpi('mttr')).toMatchObject({ value: 0, met: true });
    });

    it('not of a deployment that runs', async () => {
      const running = { status: 'running', finishedAt: null, failureNoticedAt: ago(2 * HOUR) } as const;
      await addDeployment(test.database, ago(3 * HOUR), running);
      expect(await kpi('mttr')).toMatchObject({ value: null, met: null });
    });
  });

  describe('measure what may be lost', () => {
    it('by the longest gap between verified remote backups, up to now', async () => {
      await backup(ago(3 * DAY));
      await backup(ago(2 * DAY - 5 * MINUTE));
      await backup(ago(DAY));
      expect(await kpi('rpo')).toMatchObject({
        ...{ value: 24.08, unit: 'hours', target: 24, met: true },
        from: expect.stringMatching(
          /^3 verified remote backups since 2026-10-23T12:00:00\.000Z; the longest gap is from 2026-11-19T12:00:00\.000Z to 2026-11-20T12:05:00\.000Z\. Less than 25 hours count/,
        ) as string,
      });
    });

    it.each([
      [25 * HOUR - 1, 25, true],
      [25 * HOUR, 25, false],
      [48 * HOUR, 48, false],
      [HOUR, 1, true],
    ])('and judges one of %i ms', async (ms, value, met) => {
      await backup(ago(ms));
      const found = await kpi('rpo');
      expect(found).toMatchObject({ value, met });
      expect(found.from).toContain(' to now.');
    });

    it('and counts no backup that is not verified, remote, good, whole, or of this environment', async () => {
      await backup(ago(100 * HOUR));
      const local = { place: 'local', verified: true, verifiedAt: null, detail: '' };
      await backup(ago(80 * HOUR), { copies: [local, { ...local, place: 's3', verified: false }] });
      await backup(ago(70 * HOUR), { copies: [local] });
      await backup(ago(60 * HOUR), { status: 'failed' });
      await backup(ago(50 * HOUR), { manifest: { quarantined: 'small' } as never });
      await backup(ago(40 * HOUR), { environment: 'prod' });
      await backup(new Date(NOW.getTime() + HOUR));
      expect(await kpi('rpo')).toMatchObject({ value: 100, met: false });
      await backup(ago(30 * HOUR), { status: 'degraded' });
      expect(await kpi('rpo')).toMatchObject({ value: 70, met: false });
    });

    it('and takes in a gap that reaches into the period', async () => {
      await backup(ago(60 * HOUR));
      await backup(ago(40 * HOUR));
      await backup(ago(10 * HOUR));
      expect(await kpi('rpo', 1)).toMatchObject({ value: 30, met: false });
      expect((await kpi('rpo', 1)).from).toMatch(/^1 verified remote backup since /);
    });

    it('and does not forget that there was one before the period, and none in it', async () => {
      await backup(ago(50 * HOUR));
      expect(await kpi('rpo', 1)).toMatchObject({ value: 50, met: false });
    });
  });

  describe('measure the time to restore', () => {
    it('by the slowest trial restore, each by its own time', async () => {
      const start = ago(DAY);
      const after = (minutes: number): Date => new Date(start.getTime() + minutes * MINUTE);
      await trial(start, after(10), { backupId: 'manual-a' });
      // Opened, and not restored.
      await trial(start, after(35), { backupId: 'manual-b' });
      await trial(start, after(47), { backupId: 'manual-c', source: 'sftp' });
      expect(await kpi('rto')).toEqual({
        ...{ value: 12, unit: 'minutes', target: 30, met: true },
        from: '2 trial restores since 2026-10-23T12:00:00.000Z; the slowest is that of manual-c from sftp: fetched, opened, restored and compared',
      });
    });

    it('and not by one that failed, is no drill, is too old, or of another environment', async () => {
      const at = ago(DAY);
      const late = new Date(at.getTime() + 50 * MINUTE);
      await backup(ago(2 * DAY), { id: 'manual-of-prod', environment: 'prod' });
      await trial(at, late, { passed: false });
      await trial(ago(DAY - 1), late, { level: 'restore' });
      await trial(ago(30 * DAY), ago(29 * DAY));
      await trial(ago(DAY - 2), late, { backupId: 'manual-of-prod' });
      expect(await kpi('rto')).toMatchObject({ value: null, met: null });
      // The restore failed; that the oldest was opened is no restore.
      await trial(at, new Date(late.getTime() + MINUTE));
      expect(await kpi('rto')).toMatchObject({ value: null, met: null });
      await trial(ago(HOUR), ago(HOUR - 30 * MINUTE));
      expect(await kpi('rto')).toMatchObject({ value: 30, met: false });
    });
  });

  it('are right, and quick, over ten thousand rows of each', async () => {
    const json = JSON.stringify(releaseOf('b'));
    await test.database.query(
      `INSERT INTO deployments (environment, kind, status, actor, owner, tag, release, previous, started_at, finished_at, reason,
         failure_noticed_at, recovered_at)
       SELECT 'dev', CASE WHEN n % 10 = 0 THEN 'rollback' ELSE 'deployment' END,
         CASE n % 4 WHEN 1 THEN 'failed' WHEN 2 THEN 'rolled-back' ELSE 'succeeded' END, 'x', 'x', 'x', $1, $1,
         at - interval '1 minute', at, CASE WHEN n % 4 IN (1, 2) THEN 'x' END, CASE WHEN n % 4 IN (1, 2) THEN at END,
         CASE WHEN n % 4 = 2 THEN at + interval '4 minutes' END
       FROM (SELECT n, $2::timestamptz - n * interval '20 minutes' AS at FROM generate_series(0, 9999) n) rows`,
      [json, NOW],
    );
    // Each with the name of a file in its manifest, thousands in the newest of all.
    await test.database.query(
      `INSERT INTO backup_runs (id, environment, kind, trigger, status, started_at, finished_at, manifest, copies)
       SELECT 'b' || n, 'dev', 'manual', 'manual', 'succeeded', at, at, jsonb_build_object('quarantined', null, 'artifacts', repeat('x', 4000)),
         '[{"place":"s3","verified":true}]'
       FROM (SELECT n, $1::timestamptz - n * interval '50 minutes' - n % 7 * interval '1 minute' AS at
         FROM generate_series(0, 9999) n) rows`,
      [NOW],
    );
    await test.database.query(
      `INSERT INTO backup_verifications (backup_id, level, source, passed, detail, started_at, finished_at)
       SELECT 'b' || n, 'drill', 's3', true, '', at, at + n % 100 * interval '1 second'
       FROM (SELECT n, $1::timestamptz - n * interval '50 minutes' - interval '1 hour' AS at FROM generate_series(0, 9999) n) rows`,
      [NOW],
    );
    await test.database.query('ANALYZE deployments; ANALYZE backup_runs; ANALYZE backup_verifications');
    jest.spyOn(test.clock, 'now').mockReturnValue(NOW);
    const since = performance.now();
    const found = await test.app.get(Kpis, { strict: false }).over(366);
    expect(performance.now() - since).toBeLessThan(3000);
    // 10 000 rows, each tenth a rollback; of the others those with n % 4 of 0 and 3 succeeded: 2 000 and 2 500.
    expect(found.deploySuccessRate).toMatchObject({ value: 50, met: false });
    expect(found.deploySuccessRate.from).toMatch(/^4500 of 9000 /);
    // Rolled back: 4 minutes. Failed: until the next success, which follows at once: 20 minutes.
    expect(found.mttr).toMatchObject({ value: 12, met: true });
    expect(found.mttr.from).toMatch(/^5000 failures /);
    // 139 days less a bit: 10 000 rows 20 minutes apart.
    expect(found.deployFrequency.value).toBeCloseTo(4500 / ((9999 * 20 + 1) / 1440), 2);
    expect(found.rpo).toMatchObject({ value: 0.85, met: true });
    expect(found.rpo.from).toMatch(/^10000 verified/);
    expect(found.rto).toMatchObject({ value: 1.65, met: true });
    expect(found.rto.from).toMatch(/^10000 trial restores/);
  });
});
