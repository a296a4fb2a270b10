import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupRun, type Manifest, OperationLease, OperationUnderWay, reportText } from '@tiptop/ops';
import { OPERATOR, type OpsConfig } from '@tiptop/platform';
import { StepFailure } from '../../libs/ops/src/backups/backup-source';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { MemoryStore } from '../support/memory-store';
import { OpsStage } from '../support/ops-stage';
import { SlowClock } from '../support/slow-clock';
import { stageSources } from '../support/stage-sources';

/** A Tuesday. */
const NIGHT = new Date('2026-11-24T02:00:00Z');
const ID = 'daily-20261124T020000Z';
const NIGHTLY = { kind: 'daily', trigger: 'schedule', slot: NIGHT } as const;
const STEPS = [
  'space',
  'folder',
  'database',
  'restore-check',
  'images',
  'configuration',
  'jenkins',
  'archive',
  'upload-s3',
  'upload-sftp',
  'prune-local',
  'prune-s3',
  'prune-sftp',
  'report',
  'notify',
];

describe('A backup', () => {
  let database: TestDatabase;
  let stage: OpsStage;
  let sources: ReturnType<typeof stageSources>;
  let s3: MemoryStore;
  let sftp: MemoryStore;
  const restored = jest.fn();

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });
  beforeEach(() => {
    restored.mockReset().mockResolvedValue({ passed: true, detail: '1 table restored', warnings: [] });
    sources = stageSources();
    s3 = new MemoryStore('s3');
    sftp = new MemoryStore('sftp');
  });
  afterEach(async () => {
    await stage.strike();
  });

  async function set(ops: Partial<OpsConfig> = {}, stores = [s3, sftp]): Promise<void> {
    const clock = new SlowClock();
    clock.moveTo(NIGHT);
    stage = await OpsStage.set({
      databaseUrl: database.url,
      clock,
      sources: Object.values(sources),
      stores,
      restoreCheck: { verify: restored },
      ops: { alertEmails: ['ops@example.org'], ...ops },
    });
    await stage.database.query('TRUNCATE backup_runs, backup_verifications');
  }

  const row = (id: string): Promise<BackupRun> => stage.database.getRepository(BackupRun).findOneByOrFail({ id });
  const statuses = ({ steps }: BackupRun): Record<string, string> =>
    Object.fromEntries(steps.map(({ name, status }) => [name, status]));

  it('takes every step of the process in its order, and is then kept in three places', async () => {
    await set();
    const run = await stage.run(NIGHTLY);
    expect(run.steps.map(({ name }) => name).sort()).toEqual([...STEPS].sort());
    // The copies are made at the same time.
    const inOrder = run.steps.map(({ name }) => name).filter((name) => name !== 'upload-sftp');
    expect(inOrder).toEqual(STEPS.filter((name) => name !== 'upload-sftp'));
    expect(run.steps.map(({ status }) => status)).toEqual(STEPS.map(() => 'passed'));
    expect(run).toMatchObject({ id: ID, status: 'succeeded', reason: null, step: null });
    const local = await stage.local.verify(ID, new AbortController().signal);
    for (const store of [s3, sftp]) {
      expect([...store.files.keys()]).toEqual([`daily/${ID}.tar.age`, `daily/${ID}.manifest.json`]);
      expect(store.files.get(`daily/${ID}.tar.age`)!.bytes).toEqual(await readFile(local.archivePath));
      expect(store.files.get(`daily/${ID}.manifest.json`)!.bytes).toEqual(await readFile(local.manifestPath));
    }
    expect(run.copies.map(({ place, verified }) => [place, verified])).toEqual([
      ['local', true],
      ['s3', true],
      ['sftp', true],
    ]);
    expect(await stage.files()).toEqual([`daily/${ID}.manifest.json`, `daily/${ID}.tar.age`]);
  });

  it('is written down as it went, and its report in the row, in the file and in the letter is the same', async () => {
    await set();
    const run = await stage.run(NIGHTLY);
    const written = await row(ID);
    expect(written).toEqual(run);
    const file = join(stage.config.ops.backupDir, 'reports', `${ID}.report.json`);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(written.report);
    expect(written.report).toMatchObject({ id: ID, status: 'succeeded', steps: written.steps, copies: written.copies });
    expect(stage.alerts.heard).toHaveLength(1);
    const [letter] = stage.alerts.heard;
    expect(letter).toMatchObject({ level: 'success', subject: `Backup ${ID} is made and verified` });
    expect(letter!.text).toContain(run.manifest!.archive.sha256);
    expect(letter!.html).toContain(run.manifest!.archive.sha256);
    expect(reportText(written.report!)).toContain('SUCCEEDED');
  });

  it('says in its manifest what it holds, what is switched off, and who can open it', async () => {
    sources.images.disabled = 'DOCKER_HOST is not set';
    sources.jenkins.disabled = 'JENKINS_HOME is not set';
    await set();
    const run = await stage.run(NIGHTLY);
    expect(statuses(run)).toMatchObject({ images: 'disabled', jenkins: 'disabled', configuration: 'passed' });
    expect(run.steps.find(({ name }) => name === 'images')!.detail).toBe('DOCKER_HOST is not set');
    const manifest: Manifest = run.manifest!;
    expect(manifest).toMatchObject({
      id: ID,
      kind: 'daily',
      environment: 'dev',
      disabled: ['images', 'jenkins'],
      warnings: [],
      quarantined: null,
      service: { version: '0.1.0', revision: null },
      tools: { pg_dump: '15.18' },
    });
    expect(manifest.artifacts.map(({ path }) => path)).toEqual(['db/tiptop.dump.gz', 'config/configuration.bin']);
    expect(manifest.recipients).toHaveLength(2);
    expect(run.status).toBe('succeeded');
  });

  it('shows a store that is switched off as disabled, and is a success without any outside production', async () => {
    await set({}, []);
    const run = await stage.run(NIGHTLY);
    expect(statuses(run)).toMatchObject({
      'upload-s3': 'disabled',
      'upload-sftp': 'disabled',
      'prune-local': 'passed',
    });
    expect(run.status).toBe('succeeded');
    expect(run.copies.map(({ place }) => place)).toEqual(['local']);
  });

  it('needs a look in production where nothing is kept away from the machine', async () => {
    await set({ environment: 'prod' }, []);
    const run = await stage.run(NIGHTLY);
    expect(run.status).toBe('degraded');
    expect(run.manifest!.warnings).toEqual(['no store away from this machine is switched on: what it loses is lost']);
  });

  it('by hand is not restored for a look', async () => {
    await set();
    const run = await stage.run({ kind: 'manual', trigger: 'manual' });
    expect(restored).not.toHaveBeenCalled();
    expect(statuses(run)).toMatchObject({ 'restore-check': 'disabled', images: 'passed', archive: 'passed' });
    expect(run).toMatchObject({ status: 'succeeded', slot: null });
    expect(run.manifest!.disabled).toEqual(['restore-check']);
  });

  it('before a deployment is of the database and the configuration, and not restored for a look', async () => {
    // Room for these two, and not for what has no part in it.
    sources.images.bytes = 1e15;
    sources.jenkins.bytes = 1e15;
    await set();
    const run = await stage.run({ kind: 'pre-deploy', trigger: 'deployment' });
    expect(restored).not.toHaveBeenCalled();
    expect([sources.images.calls, sources.jenkins.calls]).toEqual([0, 0]);
    expect(statuses(run)).toMatchObject({
      'restore-check': 'disabled',
      images: 'disabled',
      configuration: 'passed',
      jenkins: 'disabled',
      archive: 'passed',
    });
    expect(run.steps.find(({ name }) => name === 'images')!.detail).toMatch(/the registry keeps the images/);
    expect(run).toMatchObject({ status: 'succeeded', slot: null });
    expect(run.manifest!.disabled).toEqual(['restore-check', 'images', 'jenkins']);
    expect(run.manifest!.artifacts.map(({ path }) => path)).toEqual(['db/tiptop.dump.gz', 'config/configuration.bin']);
  });

  it('is made within a deployment, which keeps every other one out', async () => {
    await set();
    const lease = stage.module.get(OperationLease, { strict: false });
    const request = { kind: 'pre-deploy', trigger: 'deployment', signal: new AbortController().signal } as const;
    const run = await lease.hold('deployment', request.signal, async (signal) => {
      await expect(stage.runs.run(request)).rejects.toThrow(OperationUnderWay);
      return stage.runs.runWithin('a deployment', { ...request, signal });
    });
    expect(run).toMatchObject({ status: 'succeeded', owner: 'a deployment', kind: 'pre-deploy' });
    expect(await row(run!.id)).toEqual(run);
    // One that has died is buried first.
    await stage.database.query(`UPDATE backup_runs SET status = 'running', finished_at = NULL WHERE id = $1`, [
      run!.id,
    ]);
    await lease.hold('deployment', request.signal, async (signal) => stage.runs.runWithin('b', { ...request, signal }));
    expect((await row(run!.id)).status).toBe('failed');
  });

  it('with a warning needs a look, and says so to people', async () => {
    sources.configuration.extra = { warnings: ['/etc/nginx/old.conf may not be read'] };
    await set();
    const run = await stage.run(NIGHTLY);
    expect(run.status).toBe('degraded');
    expect(statuses(run)).toMatchObject({ configuration: 'degraded', archive: 'passed', 'prune-local': 'passed' });
    expect(stage.alerts.heard.map(({ level, facts }) => [level, facts])).toEqual([
      [
        'warning',
        {
          environment: 'dev',
          backup: ID,
          step: 'configuration',
          cause: '2000 bytes; /etc/nginx/old.conf may not be read',
        },
      ],
    ]);
  });

  it('that is suspiciously small is kept in quarantine, and nothing is removed because of it', async () => {
    const quarantine = 'the dump has 10 bytes, less than half the median of the last 5';
    sources.database.extra = { warnings: [quarantine], quarantine };
    await set();
    const run = await stage.run(NIGHTLY);
    expect(run.status).toBe('degraded');
    expect(run.manifest!.quarantined).toBe(quarantine);
    expect(statuses(run)).toMatchObject({ 'upload-s3': 'passed', 'prune-local': 'degraded', 'prune-s3': 'degraded' });
    expect(run.steps.find(({ name }) => name === 'prune-s3')!.detail).toBe(
      'Nothing was removed: this backup is quarantined',
    );
  });

  it('that does not restore to what was dumped is kept in quarantine', async () => {
    restored.mockResolvedValue({
      passed: false,
      detail: 'public.tickets has 9 rows, where 10 were dumped',
      warnings: [],
    });
    await set();
    const run = await stage.run(NIGHTLY);
    expect(run.status).toBe('degraded');
    expect(run.manifest!.quarantined).toBe('public.tickets has 9 rows, where 10 were dumped');
    expect(statuses(run)).toMatchObject({ 'restore-check': 'degraded', 'prune-local': 'degraded' });
  });

  it('that can’t be tried out is kept all the same, and needs a look', async () => {
    restored.mockRejectedValue(new StepFailure('the scratch server is away'));
    await set();
    const run = await stage.run(NIGHTLY);
    expect(run).toMatchObject({ status: 'degraded', reason: null });
    expect(run.manifest).toMatchObject({
      quarantined: null,
      warnings: ['the dump could not be restored for a look: the scratch server is away'],
    });
    expect(statuses(run)).toMatchObject({ 'restore-check': 'failed', 'upload-s3': 'passed', 'prune-local': 'passed' });
  });

  it('is made once for a slot', async () => {
    await set();
    await stage.run(NIGHTLY);
    const again = await stage.runs.run({ ...NIGHTLY, signal: new AbortController().signal });
    expect(again).toBeUndefined();
    expect(sources.database.calls).toBe(1);
  });

  it('by hand stands in the audit log as soon as it is begun', async () => {
    sources.database.next.push(async () => {
      const [entry] = await stage.database.query<{ action: string; subject_id: string; actor_role: string }[]>(
        'SELECT action, subject_id, actor_role FROM audit_entries ORDER BY id DESC LIMIT 1',
      );
      throw new StepFailure(JSON.stringify(entry), false);
    });
    await set();
    const run = await stage.run({ by: OPERATOR });
    expect(JSON.parse(run.steps.find(({ name }) => name === 'database')!.detail)).toEqual({
      action: 'backup-started',
      subject_id: run.id,
      actor_role: OPERATOR.role,
    });
  });

  it('has a name of its own where another one was begun in the same second', async () => {
    await set();
    const ids = [await stage.run(), await stage.run()].map(({ id }) => id);
    expect(ids).toEqual(['manual-20261124T020000Z', 'manual-20261124T020001Z']);
  });

  it('that was asked for elsewhere is taken up once', async () => {
    await set();
    const id = 'manual-20261124T015900Z';
    await stage.database.getRepository(BackupRun).insert({
      id,
      environment: 'dev',
      kind: 'manual',
      trigger: 'manual',
      status: 'requested',
      startedAt: new Date('2026-11-24T01:59:00Z'),
    });
    const run = await stage.run({ requested: id });
    expect(run).toMatchObject({ id, status: 'succeeded' });
    expect(run.startedAt.getTime()).toBeGreaterThanOrEqual(NIGHT.getTime());
    const again = await stage.runs.run({
      kind: 'manual',
      trigger: 'manual',
      requested: id,
      signal: new AbortController().signal,
    });
    expect(again).toBeUndefined();
  });

  it('tells whoever watches how far it is', async () => {
    await set();
    const told: string[] = [];
    await stage.run({
      ...NIGHTLY,
      observer: {
        progress: (step) => {
          if (told.at(-1) !== step) told.push(step);
        },
        finished: ({ name, status }) => told.push(`${name} ${status}`),
      },
    });
    expect(told.slice(0, 6)).toEqual([
      'space',
      'space passed',
      'folder',
      'folder passed',
      'database',
      'database passed',
    ]);
    expect(told.at(-1)).toBe('notify passed');
  });
});
