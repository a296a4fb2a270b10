import { createLogger } from '@tiptop/platform';
import { manifestName } from '../../libs/ops/src/backups/backup-id';
import { OperationLease } from '../../libs/ops/src/schedule/operation-lease';
import { OperationUnderWay } from '../../libs/ops/src/schedule/operation.errors';
import { LeasedDrills } from '../../libs/ops/src/verification/drill-runs';
import { MemoryStore } from '../support/memory-store';
import '../support/one-realm';
import { daily, TrialStage } from './support/trial-stage';

const { signal } = new AbortController();

describe('Backups in the weekly drill', () => {
  let stage: TrialStage;

  beforeAll(async () => {
    stage = await TrialStage.start();
  }, 300_000);
  afterAll(() => stage.stop());
  beforeEach(() => stage.reset());

  it('are fetched, opened and restored: the newest; the oldest is opened', async () => {
    for (const day of [20, 21, 22]) await stage.upload(await stage.make(daily(day)));
    const outcome = await stage.drill().run({ signal, observer: stage.observer });
    expect(outcome).toEqual({
      status: 'passed',
      warnings: [],
      detail: `The drill has passed: ${daily(22)} from s3 (newest), ${daily(20)} from s3 (oldest)`,
      verdicts: [
        {
          source: 's3',
          backupId: daily(22),
          part: 'newest',
          passed: true,
          failedAt: null,
          detail: expect.stringMatching(
            /^opened with the drill key, .* with 1 artifacts as they were recorded; \d+ tables with \d+ rows restored in [\d.]+ s, as they were dumped$/,
          ) as string,
        },
        {
          source: 's3',
          backupId: daily(20),
          part: 'oldest',
          passed: true,
          failedAt: null,
          detail: expect.stringMatching(/as they were recorded; not restored$/) as string,
        },
      ],
    });
    expect(await stage.rows()).toMatchObject([
      { backup_id: daily(22), level: 'drill', source: 's3', passed: true },
      { backup_id: daily(20), level: 'drill', source: 's3', passed: true },
    ]);
    const times = await stage.pool.query('SELECT DISTINCT started_at FROM backup_verifications');
    expect(times.rows).toHaveLength(1);
    expect(stage.alerts).toEqual([]);
    expect(stage.finished.map(({ name, status }) => [name, status])).toEqual([
      ['drill-s3-newest', 'passed'],
      ['drill-s3-oldest', 'passed'],
    ]);
    expect(stage.told).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^drill-s3-newest: fetching daily-/),
        expect.stringMatching(/^drill-s3-newest: restoring daily-/),
        expect.stringMatching(/^drill-s3-oldest: opening daily-/),
      ]),
    );
    expect(await stage.leftovers()).toEqual([]);
  }, 120_000);

  it('are looked for in every store, and one store’s fault is not the other’s', async () => {
    const sftp = new MemoryStore('sftp');
    stage.stores = [stage.store, sftp];
    await stage.upload(await stage.make(daily(22)), stage.stores);
    stage.store.fail('list');

    const outcome = await stage.drill().run({ signal });
    expect(outcome).toMatchObject({
      status: 'failed',
      verdicts: [
        { source: 's3', backupId: 'none', passed: false, failedAt: 'find', detail: 's3: list was made to fail' },
        { source: 'sftp', backupId: daily(22), passed: true },
      ],
    });
    expect(await stage.rows()).toMatchObject([
      { backup_id: 'none', source: 's3', passed: false },
      { backup_id: daily(22), source: 'sftp', passed: true },
    ]);
    expect(stage.alerts).toMatchObject([
      {
        level: 'failure',
        subject: 'The drill has failed: the newest backup from s3 did not pass the step find',
        facts: { step: 'drill-find', store: 's3', cause: 's3: list was made to fail' },
      },
    ]);

    stage.alerts.length = 0;
    const single = await stage.drill().run({ signal, store: 'sftp' });
    expect(single).toMatchObject({ status: 'passed', verdicts: [{ source: 'sftp' }] });
    await expect(stage.drill().run({ signal, store: 'gcs' })).rejects.toMatchObject({
      message: 'There is no place "gcs" for backups here, only local, s3, sftp',
    });
  }, 120_000);

  it('are tried again where a store fails and recovers', async () => {
    await stage.upload(await stage.make(daily(22)));
    for (const method of ['list', 'read', 'download'] as const) stage.store.fail(method, 1);
    expect(await stage.drill().run({ signal })).toMatchObject({ status: 'passed' });
  }, 120_000);

  it('are the local ones where there is no store, and it is said', async () => {
    stage.stores = [];
    await stage.make(daily(21));
    await stage.make(daily(22));
    const outcome = await stage.drill().run({ signal });
    expect(outcome).toMatchObject({
      status: 'passed',
      verdicts: [
        { source: 'local', backupId: daily(22) },
        { source: 'local', backupId: daily(21) },
      ],
    });
    expect(outcome.detail).toContain('only the local copy was tried, since no store is switched on');
    expect((await stage.rows()).every(({ detail }) => detail.includes('only the local copy was tried'))).toBe(true);
    expect(await stage.leftovers()).toEqual([]);
    expect((await stage.local.list()).backups).toHaveLength(2);
  }, 120_000);

  it('are not the quarantined ones, and it is said', async () => {
    await stage.upload(await stage.make(daily(21)));
    await stage.upload(await stage.make(daily(22), { quarantined: 'much smaller than the others' }));
    const { verdicts, status } = await stage.drill().run({ signal });
    expect(status).toBe('passed');
    expect(verdicts).toMatchObject([{ backupId: daily(21), part: 'newest' }]);
    expect(verdicts[0]?.detail).toMatch(
      `; ${daily(22)} is newer, and passed over: it is quarantined (much smaller than the others)`,
    );
    stage.store.files.delete(`daily/${manifestName(daily(21))}`);
    expect(await stage.drill().run({ signal })).toMatchObject({ status: 'failed' });
    stage.store.files.clear();
    expect((await stage.drill().run({ signal })).verdicts).toMatchObject([
      { backupId: 'none', failedAt: 'find', detail: 's3 has nothing to be restored: there is no backup in it' },
    ]);
  }, 120_000);

  it('may be encrypted to other keys, as long as the drill key is among them', async () => {
    await stage.upload(await stage.make(daily(1), {}, [stage.keys.old.recipient, stage.keys.drill.recipient]));
    await stage.upload(await stage.make(daily(22)));
    expect(await stage.drill().run({ signal })).toMatchObject({
      status: 'passed',
      verdicts: [{}, { backupId: daily(1) }],
    });

    await stage.upload(await stage.make(daily(0), {}, [stage.keys.old.recipient, stage.keys.new.recipient]));
    const outcome = await stage.drill().run({ signal });
    expect(outcome).toMatchObject({
      status: 'failed',
      verdicts: [
        { part: 'newest', passed: true },
        { part: 'oldest', passed: false, backupId: daily(0), failedAt: 'open' },
      ],
    });
    expect(stage.alerts).toMatchObject([
      { subject: `The drill has failed: the oldest backup, ${daily(0)}, from s3 did not pass the step open` },
    ]);
    expect(await stage.leftovers()).toEqual([]);
  }, 120_000);

  it('are not tried without a key, and it is said', async () => {
    await stage.upload(await stage.make(daily(22)));
    stage.settings({ drillKeyFile: undefined });
    expect(await stage.drill().run({ signal })).toEqual({
      status: 'disabled',
      verdicts: [],
      warnings: [],
      detail: 'The drill is disabled: BACKUP_DRILL_KEY_FILE is not set, and without a key no archive is opened',
    });
    expect(await stage.rows()).toEqual([]);
    expect(stage.alerts).toEqual([]);
  });

  it('are drilled while nothing else is at work, and the calendar hears of no fault of theirs', async () => {
    await stage.upload(await stage.make(daily(22)));
    const lease = new OperationLease(stage.config, createLogger('silent'));
    const drills = new LeasedDrills(lease, stage.drill(), createLogger('silent'));
    await lease.hold('backup', signal, async () => {
      await expect(drills.run(signal)).rejects.toMatchObject({ operation: 'backup' });
      await expect(drills.drill({ signal })).rejects.toBeInstanceOf(OperationUnderWay);
    });
    expect(await stage.rows()).toEqual([]);
    const held = async (): Promise<unknown> => (await stage.pool.query('SELECT operation FROM operation_leases')).rows;
    let during: unknown;
    const look = async (): Promise<void> => {
      during ??= await held();
    };
    const outcome = await drills.drill({ signal, observer: { ...stage.observer, progress: () => void look() } });
    expect(outcome).toMatchObject({ status: 'passed', verdicts: [{ backupId: daily(22) }] });
    expect(during).toEqual([{ operation: 'drill' }]);
    stage.store.fail('list');
    await expect(drills.run(signal)).resolves.toBeUndefined();
    expect(stage.alerts).toHaveLength(1);
    await lease.hold('backup', signal, () => Promise.resolve());
  }, 60_000);
});
