import { BackupRun, BackupVerification, formatBackupId, type Manifest } from '@tiptop/ops';
import { sampleContents } from '../../libs/ops/src/archive/spec-support/sample-backup';
import { sealManifest } from '../../libs/ops/src/backups/manifest-text';
import type { ApiResponse } from '../support/api-client';
import { type SessionBody, signInAs } from '../support/builders';
import { DocumentedAnswers } from '../support/openapi-match';
import { expectInvalid, expectProblem, tally } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { until } from '../support/waiting';

const RECIPIENT = `age1${'q'.repeat(58)}`;
const STEP = {
  name: 'database',
  status: 'passed' as const,
  startedAt: '2026-11-22T02:00:01.000Z',
  finishedAt: '2026-11-22T02:00:09.000Z',
  attempts: 1,
  detail: '24 tables',
};

interface ItemBody {
  id: string;
  kind: string;
  status: string;
  startedAt: string;
  finishedAt: string | null;
  bytes: number | null;
  sha256: string | null;
  quarantined: string | null;
}

interface ListBody {
  items: ItemBody[];
  nextCursor: string | null;
}

describe('Backups, as an administrator looks after them', () => {
  let test: TestApp;
  let replica: TestApp;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    replica = await test.replica();
    admin = await signInAs(test, 'admin');
  });
  beforeEach(async () => {
    await test.database.query(
      'DELETE FROM backup_verifications; DELETE FROM backup_runs; DELETE FROM operation_leases',
    );
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await test.stop();
  });

  const list = (query = ''): Promise<ApiResponse<ListBody>> =>
    test.client.get<ListBody>(`/v1/ops/backups${query}`, admin.accessToken);
  const get = <T = Record<string, unknown>>(id: string): Promise<ApiResponse<T>> =>
    test.client.get<T>(`/v1/ops/backups/${id}`, admin.accessToken);
  const start = (body: unknown = {}, { client }: TestApp = test): Promise<ApiResponse<ItemBody>> =>
    client.post<ItemBody>('/v1/ops/backups', body, admin.accessToken);

  function manifestOf(id: string, kind: 'daily' | 'manual', quarantined: string | null = null): Manifest {
    const artifacts = [{ path: 'db/tiptop.dump.gz', bytes: 12, sha256: 'c'.repeat(64) }];
    const contents = sampleContents(artifacts, [RECIPIENT], { id, kind, quarantined });
    // More than 32 bits hold.
    return sealManifest(contents, { bytes: 5_000_000_000, sha256: 'd'.repeat(64) });
  }

  async function addRun(day: number, changes: Partial<BackupRun> = {}): Promise<string> {
    const at = new Date(Date.UTC(2026, 9, day, 2));
    const id = `daily-202610${day.toString().padStart(2, '0')}T020000Z`;
    const run = {
      ...{ id, environment: 'dev', kind: 'daily', trigger: 'schedule', slot: at, status: 'succeeded', owner: 'host 1' },
      ...{
        startedAt: at,
        finishedAt: new Date(at.getTime() + 60_000),
        steps: [STEP],
        manifest: manifestOf(id, 'daily'),
      },
      copies: [{ place: 'local', verified: true, verifiedAt: '2026-10-01T02:01:00.000Z', detail: '/srv/backups' }],
      ...changes,
    };
    await test.database.getRepository(BackupRun).insert(run as never);
    return run.id;
  }

  /** Time stands still. */
  function freeze(): Date {
    const now = test.clock.now();
    jest.spyOn(test.clock, 'now').mockReturnValue(now);
    return now;
  }

  /** Whether whoever is at an operation gave a sign of life lately. */
  async function lease(secondsAgo: number): Promise<void> {
    await test.database.query(
      `INSERT INTO operation_leases (environment, operation, owner, heartbeat_at)
       VALUES ('dev', 'backup', 'host 1', clock_timestamp() - make_interval(secs => $1))`,
      [secondsAgo],
    );
  }

  it('are asked for, once at a time, and each time on record', async () => {
    const now = freeze();
    const { status, body } = await start();
    expect(status).toBe(202);
    const expected = {
      id: formatBackupId({ kind: 'manual', at: now }),
      kind: 'manual',
      trigger: 'manual',
      status: 'requested',
      startedAt: now.toISOString(),
      finishedAt: null,
      bytes: null,
      sha256: null,
      copies: [],
      quarantined: null,
    };
    expect(body).toEqual(expected);
    expectProblem(await start({ kind: 'pre-deploy' }), 409, 'OPERATION_UNDER_WAY');
    expect((await list()).body).toEqual({ items: [expected], nextCursor: null });
    expect((await get(body.id)).body).toEqual({
      ...expected,
      ...{ steps: [], artifacts: [], verdicts: [], report: null, reason: null },
    });
    expect(
      await test.database.query<object[]>(
        `SELECT action, actor_id AS actor, details FROM audit_entries WHERE subject_type = 'backup' ORDER BY id`,
      ),
    ).toEqual([{ action: 'backup-started', actor: admin.user.id, details: { kind: 'manual' } }]);
  });

  it('are asked for once by twenty at once, on two replicas', async () => {
    const runner = test.database.createQueryRunner();
    await runner.startTransaction();
    // Nobody can finish before all have begun.
    await runner.query('LOCK TABLE audit_entries IN SHARE MODE');
    const asked = Promise.all(Array.from({ length: 20 }, (_, n) => start({}, n % 2 === 0 ? test : replica)));
    await until('most of them wait for each other', async () => {
      // Within a transaction it would tell the same each time.
      await runner.query('SELECT pg_stat_clear_snapshot()');
      const [row] = (await runner.query(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )) as { n: number }[];
      return row!.n >= 12;
    });
    await runner.rollbackTransaction();
    await runner.release();
    const answers = await asked;
    expect(tally(answers)).toEqual({ 202: 1, '409 OPERATION_UNDER_WAY': 19 });
    const [row] = await test.database.query<{ n: number }[]>('SELECT count(*)::int AS n FROM backup_runs');
    expect(row).toEqual({ n: 1 });
  });

  it('are not asked for while one is being made, unless its process is dead', async () => {
    await addRun(1, { status: 'running', finishedAt: null, manifest: null });
    await lease(5);
    expectProblem(await start(), 409, 'OPERATION_UNDER_WAY');
    await test.database.query('DELETE FROM operation_leases');
    await lease(40);
    expect((await start()).status).toBe(202);
  });

  it('of another installation are none of its business', async () => {
    const id = await addRun(1, { environment: 'prod', status: 'requested', finishedAt: null, manifest: null });
    expectProblem(await get(id), 404, 'BACKUP_NOT_FOUND');
    expect((await list()).body.items).toEqual([]);
    expect((await start()).status).toBe(202);
  });

  it('have names of their own, within one second as well', async () => {
    const now = freeze();
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) {
      ids.push((await start({ kind: 'pre-deploy' })).body.id);
      await test.database.query(`UPDATE backup_runs SET status = 'failed', finished_at = now()`);
    }
    const times = [0, 1000, 2000].map((ms) => new Date(now.getTime() + ms));
    expect(ids).toEqual(times.map((at) => formatBackupId({ kind: 'pre-deploy', at })));
  });

  it.each([
    ['a kind of the calendar', { kind: 'daily' }, 'kind'],
    ['no kind at all', { kind: null }, 'kind'],
    ['an unknown field', { slot: '2026-11-22T02:00:00Z' }, 'slot'],
  ])('are refused with %s', async (_, body, field) => {
    expectInvalid(await start(body), field);
    expect((await list()).body.items).toEqual([]);
  });

  it('are asked for without a body as well', async () => {
    expect((await start(undefined)).body).toMatchObject({ kind: 'manual', status: 'requested' });
  });

  it('are listed the newest first, page by page, by kind and status', async () => {
    const ids: string[] = [];
    for (let day = 1; day <= 5; day++) ids.unshift(await addRun(day));
    const failed = await addRun(6, { status: 'failed', manifest: null, reason: 'pg_dump was killed' });
    const manual = await addRun(7, { id: 'manual-20261007T020000Z', kind: 'manual', slot: null });
    const whole = (await list()).body.items.map(({ id }) => id);
    expect(whole).toEqual([manual, failed, ...ids]);
    const walked: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: ApiResponse<ListBody> = await list(`?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`);
      walked.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(walked).toEqual(whole);
    expect((await list('?kind=manual')).body.items.map(({ id }) => id)).toEqual([manual]);
    expect((await list('?status=failed')).body.items.map(({ id }) => id)).toEqual([failed]);
    expect((await list('?kind=manual&status=failed')).body.items).toEqual([]);
    expectInvalid(await list('?status=good&kind=hourly'), 'kind', 'status');
    // A cursor of another list.
    expectInvalid(await list('?cursor=WzEsImEiXQ'), 'cursor');
  });

  it('are told of in full: steps, sizes, checksums, verdicts, report', async () => {
    const report = { ...REPORT, id: 'daily-20261003T020000Z' };
    const id = await addRun(3, {
      status: 'degraded',
      report,
      reason: null,
      manifest: manifestOf(report.id, 'daily', 'the dump is small'),
    });
    const trials = [
      { level: 'restore', source: 'local', passed: true, detail: 'equal', at: '2026-10-03T02:01:00.000Z' },
      { level: 'drill', source: 's3', passed: false, detail: 'a wrong key', at: '2026-10-05T04:00:00.000Z' },
    ] as const;
    for (const { at, ...trial } of trials) {
      const startedAt = new Date(at);
      const finishedAt = new Date(startedAt.getTime() + 1000);
      await test.database.getRepository(BackupVerification).insert({ ...trial, backupId: id, startedAt, finishedAt });
    }
    const answer = await get(id);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      id,
      kind: 'daily',
      trigger: 'schedule',
      status: 'degraded',
      startedAt: '2026-10-03T02:00:00.000Z',
      finishedAt: '2026-10-03T02:01:00.000Z',
      bytes: 5_000_000_000,
      sha256: 'd'.repeat(64),
      copies: [{ place: 'local', verified: true, verifiedAt: '2026-10-01T02:01:00.000Z', detail: '/srv/backups' }],
      quarantined: 'the dump is small',
      steps: [STEP],
      artifacts: [{ path: 'db/tiptop.dump.gz', bytes: 12, sha256: 'c'.repeat(64) }],
      verdicts: [
        {
          ...{ level: 'drill', source: 's3', passed: false, detail: 'a wrong key' },
          ...{ startedAt: '2026-10-05T04:00:00.000Z', finishedAt: '2026-10-05T04:00:01.000Z' },
        },
        {
          ...{ level: 'restore', source: 'local', passed: true, detail: 'equal' },
          ...{ startedAt: '2026-10-03T02:01:00.000Z', finishedAt: '2026-10-03T02:01:01.000Z' },
        },
      ],
      report,
      reason: null,
    });
    const listed = await list();
    expect(listed.body.items).toMatchObject([{ id, bytes: 5_000_000_000, quarantined: 'the dump is small' }]);
    // As the document of the running service says.
    const { body: document } = await test.client.get('/openapi.json');
    const documented = new DocumentedAnswers(document as ConstructorParameters<typeof DocumentedAnswers>[0]);
    expect(documented.disagreements('GET', `/v1/ops/backups/${id}`, answer)).toEqual([]);
    expect(documented.disagreements('GET', '/v1/ops/backups', listed)).toEqual([]);
    expect(documented.disagreements('POST', '/v1/ops/backups', await start())).toEqual([]);
  });

  it.each(['daily-20261003T020000Z', 'nonsense', 'manual-20260230T020000Z'])(
    'that do not exist are not found: %s',
    async (id) => {
      expectProblem(await get(id), 404, 'BACKUP_NOT_FOUND');
    },
  );
});

const REPORT = {
  environment: 'dev',
  kind: 'daily',
  trigger: 'schedule',
  status: 'degraded',
  startedAt: '2026-10-03T02:00:00.000Z',
  finishedAt: '2026-10-03T02:01:00.000Z',
  seconds: 60,
  steps: [STEP],
  copies: [],
  archive: { bytes: 5_000_000_000, sha256: 'd'.repeat(64) },
  artifacts: [],
  rows: 7,
  migration: null,
  tools: { pg_dump: '15.10' },
  recipients: [RECIPIENT],
  warnings: ['the dump is small'],
  quarantined: 'the dump is small',
  reason: null,
  removed: [{ place: 'local', id: 'daily-20260901T020000Z', why: 'older than 30 days' }],
  freeBytes: 1000,
  nextAt: '2026-10-04T02:00:00.000Z',
} as const;
