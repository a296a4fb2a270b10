import { readFile, rm, writeFile } from 'node:fs/promises';
import { BackupRun, LocalBackups } from '@tiptop/ops';
import { StepFailure } from '../../libs/ops/src/backups/backup-source';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { MemoryStore } from '../support/memory-store';
import { OpsStage } from '../support/ops-stage';
import { SlowClock } from '../support/slow-clock';
import { stageSources } from '../support/stage-sources';

const EVENING = new Date('2026-11-23T20:00:00Z');
const NIGHT = new Date('2026-11-24T02:00:00Z');
const NEXT = new Date('2026-11-24T02:15:00Z');
const EARLIER = 'manual-20261123T200000Z';
const ID = 'daily-20261124T020000Z';
const NIGHTLY = { kind: 'daily', trigger: 'schedule', slot: NIGHT } as const;
const never = (): AbortSignal => new AbortController().signal;

/** What has gone wrong in a run, and what comes of it. */
interface Fault {
  name: string;
  inject: (stage: OpsStage) => unknown;
  status: 'failed' | 'degraded';
  step: string;
  cause: RegExp;
  /** Whether there is a local backup all the same. */
  isKept: boolean;
}

describe('A backup in which something goes wrong', () => {
  let database: TestDatabase;
  let stage: OpsStage;
  let sources: ReturnType<typeof stageSources>;
  let s3: MemoryStore;
  let sftp: MemoryStore;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });
  beforeEach(async () => {
    sources = stageSources();
    s3 = new MemoryStore('s3');
    sftp = new MemoryStore('sftp');
    const clock = new SlowClock();
    clock.moveTo(EVENING);
    stage = await OpsStage.set({
      databaseUrl: database.url,
      clock,
      sources: Object.values(sources),
      stores: [s3, sftp],
      restoreCheck: { verify: () => Promise.resolve({ passed: true, detail: '1 table restored', warnings: [] }) },
      ops: { alertEmails: ['ops@example.org'], attempts: 3 },
    });
    await stage.database.query('TRUNCATE backup_runs, backup_verifications');
    const earlier = await stage.run();
    expect([earlier.id, earlier.status]).toEqual([EARLIER, 'succeeded']);
    stage.alerts.heard.length = 0;
    clock.moveTo(NIGHT);
  });
  afterEach(async () => {
    await stage.strike();
  });

  const keptIn = (store: MemoryStore): string[] => [...store.files.keys()];
  const EARLIER_FILES = [`manual/${EARLIER}.tar.age`, `manual/${EARLIER}.manifest.json`];

  /** What was there before is there still, whole, and of the failed run nothing that counts. */
  async function expectNoHarm(isKept: boolean): Promise<void> {
    await stage.local.verify(EARLIER, never());
    const { backups, partials, faults } = await stage.local.list();
    expect(backups.map(({ id }) => id)).toEqual(isKept ? [ID, EARLIER] : [EARLIER]);
    expect([partials, faults]).toEqual([[], []]);
    for (const store of [s3, sftp]) expect(keptIn(store)).toEqual(expect.arrayContaining(EARLIER_FILES));
  }

  const FAULTS: Fault[] = [
    {
      name: 'the dump fails for ever',
      inject: () => sources.database.next.push(...[1, 2, 3].map(() => fail('pg_dump was ended by SIGKILL'))),
      status: 'failed',
      step: 'database',
      cause: /^pg_dump was ended by SIGKILL$/,
      isKept: false,
    },
    {
      name: 'a program is missing',
      inject: () => sources.database.next.push(fail('pg_dump is not installed', false)),
      status: 'failed',
      step: 'database',
      cause: /^pg_dump is not installed$/,
      isKept: false,
    },
    {
      name: 'a source fails in a way that nobody foresaw',
      inject: () =>
        sources.images.next.push(
          ...[1, 2, 3].map(() => () => Promise.reject(new TypeError('undefined is not an object'))),
        ),
      status: 'failed',
      step: 'images',
      cause: /^undefined is not an object$/,
      isKept: false,
    },
    {
      name: 'an artifact is changed after it was made',
      inject: () =>
        sources.jenkins.next.push(
          ...[1].map(() => async (context: Parameters<typeof sources.jenkins.usual>[0]) => {
            const product = await sources.jenkins.usual(context);
            await writeFile(`${context.folder}/db/tiptop.dump.gz`, Buffer.alloc(2000, 'other bytes '));
            return product;
          }),
        ),
      status: 'failed',
      step: 'archive',
      cause: /db\/tiptop\.dump\.gz/,
      isKept: false,
    },
    {
      name: 'the disk keeps other bytes than were written',
      inject: (on) => {
        const { local } = on;
        const publish = local.publish.bind(local);
        jest.spyOn(local, 'publish').mockImplementationOnce(async (manifest) => {
          const published = await publish(manifest);
          await writeFile(published.archivePath, flipped(await readFile(published.archivePath)));
          return published;
        });
      },
      status: 'failed',
      step: 'archive',
      cause: /^It was not what was written when it was read back: .*SHA-256/,
      isKept: false,
    },
    {
      name: 'one store keeps half of what it is given, and says that all is well',
      inject: () => {
        s3.lie((bytes) => bytes.subarray(0, bytes.length / 2));
      },
      status: 'degraded',
      step: 'upload-s3',
      cause: /^memory:s3 keeps \d+ bytes of daily-\S+\.tar\.age, where \d+ were sent$/,
      isKept: true,
    },
    {
      name: 'one store changes a byte',
      inject: () => {
        sftp.lie(flipped);
      },
      status: 'degraded',
      step: 'upload-sftp',
      cause: /^memory:sftp keeps daily-\S+\.tar\.age with other bytes than were sent: its SHA-256 is another$/,
      isKept: true,
    },
    {
      name: 'what is read back is cut off',
      inject: () => {
        s3.misread((bytes) => bytes.subarray(0, -1));
      },
      status: 'degraded',
      step: 'upload-s3',
      cause: /keeps \d+ bytes/,
      isKept: true,
    },
    {
      name: 'a store changes the manifest only',
      inject: () => {
        s3.lie((bytes, { name }) => (name.endsWith('.manifest.json') ? flipped(bytes) : bytes));
      },
      status: 'degraded',
      step: 'upload-s3',
      cause: /keeps daily-\S+\.manifest\.json with other bytes/,
      isKept: true,
    },
    {
      name: 'every store fails',
      inject: () => {
        s3.fail('put');
        sftp.fail('hash');
      },
      status: 'failed',
      step: 'upload-s3',
      cause: /^s3: put was made to fail$/,
      isKept: true,
    },
  ];

  it.each(FAULTS)('because $name: no false success, no harm, an alert, and the next one works', async (fault) => {
    fault.inject(stage);
    const run = await stage.run(NIGHTLY);
    expect(run.status).toBe(fault.status);
    const failed = run.steps.find(({ name }) => name === fault.step)!;
    expect(failed).toMatchObject({ status: 'failed', detail: expect.stringMatching(fault.cause) as string });
    expect((run.reason ?? '') !== '').toBe(fault.status === 'failed');
    expect(await stage.database.getRepository(BackupRun).findOneByOrFail({ id: ID })).toEqual(run);
    await expectNoHarm(fault.isKept);
    for (const store of [s3, sftp]) {
      const isVerified = run.copies.some(({ place, verified }) => place === store.name && verified);
      expect(keptIn(store).includes(`daily/${ID}.manifest.json`)).toBe(isVerified);
    }
    expect(run.steps.filter(({ name }) => name.startsWith('prune-')).map(({ status }) => status)).not.toContain(
      'passed',
    );
    const alert = stage.alerts.heard.at(-1)!;
    expect(alert.level).toBe(fault.status === 'failed' ? 'failure' : 'warning');
    expect(alert.subject).toContain(ID);
    // Of stores that fail at the same time, that of whichever was the first.
    const first = run.steps.find(({ status }) => status === 'failed') ?? failed;
    expect(alert.facts).toMatchObject({ step: first.name, cause: first.detail });
    if (fault.name !== 'every store fails') expect(first).toBe(failed);

    // Whatever it was has passed.
    sources.database.next.length = sources.images.next.length = sources.jenkins.next.length = 0;
    for (const store of [s3, sftp]) {
      store.lie();
      store.misread();
      store.fail('put', 0);
      store.fail('hash', 0);
    }
    stage.clock.moveTo(NEXT);
    const next = await stage.run();
    expect(next.status).toBe('succeeded');
  });

  it('and passes is tried again, after people were told once', async () => {
    sources.database.next.push(fail('the connection was cut'), fail('the connection was cut'));
    s3.fail('put', 1);
    const run = await stage.run(NIGHTLY);
    expect(run.status).toBe('succeeded');
    expect(run.steps.find(({ name }) => name === 'database')).toMatchObject({ status: 'passed', attempts: 3 });
    expect(run.steps.find(({ name }) => name === 'upload-s3')).toMatchObject({ status: 'passed', attempts: 2 });
    expect(stage.alerts.of('warning')).toEqual([
      `Backup ${ID}: database has failed, and is tried again: the connection was cut`,
      `Backup ${ID}: upload-s3 has failed, and is tried again: s3: put was made to fail`,
    ]);
  });

  it('and won’t pass is not tried again', async () => {
    sources.database.next.push(fail('pg_dump is not installed', false));
    await stage.run(NIGHTLY);
    expect(sources.database.calls).toBe(2);
    expect(stage.alerts.of('warning')).toEqual([]);
  });

  it('frees its slot for another try', async () => {
    sources.database.next.push(fail('no', false));
    await stage.run(NIGHTLY);
    stage.clock.moveTo(NEXT);
    const again = await stage.run({ ...NIGHTLY, trigger: 'catch-up' });
    expect(again).toMatchObject({ id: 'daily-20261124T021500Z', status: 'succeeded', slot: NIGHT });
  });

  it('is not tried a fourth time, whoever thought that it was due', async () => {
    for (let n = 1; n <= 3; n++) {
      sources.database.next.push(fail('no', false));
      await stage.run(NIGHTLY);
    }
    expect(await stage.runs.run({ ...NIGHTLY, signal: never() })).toBeUndefined();
    expect(await stage.run()).toMatchObject({ status: 'succeeded' });
  });

  it.each(['database', 'jenkins', 'upload-s3'])(
    'because it is interrupted in the step %s leaves nothing behind',
    async (step) => {
      const stop = new AbortController();
      const observer = {
        progress: (name: string) => {
          if (name === step) stop.abort(new Error('the service stops'));
        },
        finished: () => undefined,
      };
      const run = await stage.run({ ...NIGHTLY, signal: stop.signal, observer });
      expect(run).toMatchObject({ status: 'failed', reason: 'interrupted: the service stops' });
      await expectNoHarm(step === 'upload-s3');
      expect(stage.alerts.of('failure')).toEqual([`Backup ${ID} HAS FAILED: interrupted: the service stops`]);
      stage.clock.moveTo(NEXT);
      expect(await stage.run()).toMatchObject({ status: 'succeeded' });
    },
  );

  it('because its process died is marked as failed by the next one, and swept away', async () => {
    await stage.database.getRepository(BackupRun).insert({
      id: ID,
      environment: 'dev',
      kind: 'daily',
      trigger: 'schedule',
      slot: NIGHT,
      status: 'running',
      owner: 'a host 1 0',
      startedAt: NIGHT,
      step: 'images',
    });
    const folder = await stage.local.create(ID);
    await writeFile(`${folder}/half`, 'x');
    await stage.runs.recover(never());
    expect(await stage.database.getRepository(BackupRun).findOneByOrFail({ id: ID })).toMatchObject({
      status: 'failed',
      finishedAt: expect.any(Date) as Date,
      reason: 'The process that made it has ended in the step images',
    });
    await expectNoHarm(false);
    expect(stage.alerts.heard).toMatchObject([
      { level: 'failure', subject: `Backup ${ID} died in the step images`, facts: { backup: ID, step: 'images' } },
    ]);
    stage.clock.moveTo(NEXT);
    expect(await stage.run({ ...NIGHTLY, trigger: 'catch-up' })).toMatchObject({ status: 'succeeded' });
  });

  it('because an old one can’t be removed is made all the same, and needs a look', async () => {
    jest.spyOn(stage.module.get(LocalBackups, { strict: false }), 'list').mockImplementationOnce(async () => {
      jest.restoreAllMocks();
      s3.fail('list');
      return stage.local.list();
    });
    const run = await stage.run(NIGHTLY);
    expect(run.status).toBe('degraded');
    expect(run.copies.map(({ place, verified }) => [place, verified])).toEqual([
      ['local', true],
      ['s3', true],
      ['sftp', true],
    ]);
    expect(run.steps.find(({ name }) => name === 'prune-s3')).toMatchObject({ status: 'failed' });
    expect(run.steps.find(({ name }) => name === 'prune-sftp')).toMatchObject({ status: 'passed' });
    await expectNoHarm(true);
  });

  it('because its folder is gone fails, and the next one makes it anew', async () => {
    sources.jenkins.next.push(async ({ folder }) => {
      await rm(folder, { recursive: true });
      return { artifacts: [], warnings: [], detail: '' };
    });
    const run = await stage.run(NIGHTLY);
    expect(run).toMatchObject({ status: 'failed', manifest: null });
    await expectNoHarm(false);
    stage.clock.moveTo(NEXT);
    expect(await stage.run()).toMatchObject({ status: 'succeeded' });
  });
});

function fail(message: string, mayPass = true): () => Promise<never> {
  return () => Promise.reject(new StepFailure(message, mayPass));
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[100]! ^= 1;
  return copy;
}
