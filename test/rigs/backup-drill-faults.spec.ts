import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesInWords } from '../../libs/ops/src/artifacts/bytes-in-words';
import { archiveName } from '../../libs/ops/src/backups/backup-id';
import '../support/one-realm';
import { databaseParts, type DatabaseParts } from './support/database-stage';
import { SmallDisk } from './support/small-disk';
import { daily, TICKETS, TrialStage } from './support/trial-stage';

const MB = 1024 * 1024;

const { signal } = new AbortController();

describe('Faults of backups in the weekly drill', () => {
  let stage: TrialStage;

  beforeAll(async () => {
    stage = await TrialStage.start();
  }, 300_000);
  afterAll(() => stage.stop());
  beforeEach(() => stage.reset());

  describe('fail', () => {
    const cases: readonly [string, string, RegExp, () => Promise<void>][] = [
      [
        'where the key is another one',
        'open',
        /opens|key/,
        async () => {
          await stage.upload(await stage.make(daily(22)));
          stage.settings({ drillKeyFile: stage.keys.strange.file });
        },
      ],
      [
        'where the key is not there',
        'open',
        /there is no such file/,
        async () => {
          await stage.upload(await stage.make(daily(22)));
          stage.settings({ drillKeyFile: join(stage.folder, 'nothing.key') });
        },
      ],
      [
        'where one byte of the archive is another one',
        'fetch',
        /daily-20261122T020000Z\.tar\.age in s3 is not as it was written: its SHA-256 is/,
        async () => {
          await stage.upload(await stage.make(daily(22)));
          stage.store.misread((bytes, path) => (path.endsWith('.age') ? flipped(bytes, bytes.length >> 1) : bytes));
        },
      ],
      [
        'where one byte of the manifest is another one',
        'find',
        /manifest of daily-20261122T020000Z in s3 is not sound/,
        async () => {
          await stage.upload(await stage.make(daily(22)));
          stage.store.misread((bytes, path) => (path.endsWith('.json') ? flipped(bytes, bytes.indexOf('15')) : bytes));
        },
      ],
      [
        'where the archive is gone',
        'fetch',
        /there is no daily\/daily-20261122T020000Z\.tar\.age/,
        async () => {
          await stage.upload(await stage.make(daily(22)));
          stage.store.files.delete(`daily/${archiveName(daily(22))}`);
        },
      ],
      [
        'where a row is missing',
        'restore',
        new RegExp(`public.tickets has ${TICKETS} rows, where ${TICKETS + 1} were dumped`),
        async () => stage.upload(await stage.make(daily(22), { database: stage.oneMore })),
      ],
      [
        'where no scratch database can be made',
        'restore',
        /restoring: /,
        async () => {
          await stage.upload(await stage.make(daily(22)));
          const nowhere = databaseParts(stage.databaseUrl, {
            ops: { scratchDatabaseUrl: 'postgres://x@127.0.0.1:1/x' },
          });
          stage.parts = { ...stage.parts, scratch: nowhere.scratch };
        },
      ],
    ];
    let before: DatabaseParts;
    beforeEach(() => (before = stage.parts));
    afterEach(() => (stage.parts = before));

    it.each(cases)('%s, at the step %s', async (_, step, detail, prepare) => {
      await prepare();
      const outcome = await stage.drill().run({ signal });
      expect(outcome).toMatchObject({
        status: 'failed',
        detail: `The drill has failed: ${daily(22)} from s3 (newest)`,
        verdicts: [
          { passed: false, failedAt: step, backupId: daily(22), detail: expect.stringMatching(detail) as string },
        ],
      });
      expect(await stage.rows()).toMatchObject([
        { passed: false, backup_id: daily(22), detail: outcome.verdicts[0]?.detail },
      ]);
      expect(stage.alerts).toMatchObject([{ level: 'failure', facts: { step: `drill-${step}`, backup: daily(22) } }]);
      expect(await stage.leftovers()).toEqual([]);
    });

    function flipped(bytes: Buffer, at: number): Buffer {
      const copy = Buffer.from(bytes);
      copy[at]! ^= 1;
      return copy;
    }
  });

  it('need a disk with room, and leave the reserve alone', async () => {
    const manifest = await stage.make(daily(22));
    await stage.upload(manifest);
    const disk = new SmallDisk(20);
    try {
      stage.settings({ backupDir: join(disk.folder, 'backups'), reserveBytes: 20 * MB });
      const outcome = await stage.drill().run({ signal });
      expect(outcome).toMatchObject({ status: 'failed', verdicts: [{ failedAt: 'space' }] });
      // The archive, and the dump out of it.
      const needed = 20 * MB + manifest.archive.bytes + manifest.artifacts[0]!.bytes;
      expect(outcome.verdicts[0]?.detail).toMatch(/^Too little space on .*: 21\.0 MB free, /);
      expect(outcome.verdicts[0]?.detail).toContain(
        `${bytesInWords(needed)} needed, of which 21.0 MB are to stay free`,
      );
      expect(stage.store.calls.filter((call) => call.startsWith('download'))).toEqual([]);
      stage.settings({ backupDir: join(disk.folder, 'backups'), reserveBytes: 10 * MB });
      expect(await stage.drill().run({ signal })).toMatchObject({ status: 'passed' });
      expect(await stage.leftovers()).toEqual([]);
    } finally {
      disk.remove();
    }
  }, 60_000);

  it('end when they are stopped, leave nothing, and are no failure', async () => {
    await stage.upload(await stage.make(daily(22)));
    for (const when of ['fetching', 'opening', 'restoring']) {
      const stopping = new AbortController();
      const stop = (_: string, text: string): void => {
        if (text.startsWith(when)) stopping.abort(new Error('the service stops'));
      };
      const run = stage
        .drill()
        .run({ signal: stopping.signal, observer: { progress: stop, finished: () => undefined } });
      await expect(run).rejects.toMatchObject({ name: 'StepFailure', message: 'drilling: the run stops' });
      expect(await stage.leftovers()).toEqual([]);
    }
    expect(await stage.rows()).toEqual([]);
    expect(stage.alerts).toEqual([]);
  }, 60_000);

  it('begin by removing what a drill that died has left, and nothing else', async () => {
    await stage.upload(await stage.make(daily(22)));
    const left = join(stage.config.ops.backupDir, `.drill-${daily(22)}`);
    await mkdir(join(left, 'opened', 'db'), { recursive: true });
    await writeFile(join(left, 'opened', 'db', 'x'), 'x');
    const other = join(stage.config.ops.backupDir, '.drill-something');
    await mkdir(other);
    // Of which the first is no stranger in the folder.
    expect((await stage.local.list()).faults.map(({ path }) => path)).toEqual([other]);
    expect(await stage.drill().run({ signal })).toMatchObject({ status: 'passed' });
    expect((await readdir(stage.config.ops.backupDir)).filter((name) => name.startsWith('.'))).toEqual([
      '.drill-something',
    ]);
  }, 60_000);

  it('count where they can’t be recorded: as degraded', async () => {
    await stage.upload(await stage.make(daily(22)));
    const outcome = await stage.drill(stage.blindLog).run({ signal });
    expect(outcome).toMatchObject({ status: 'degraded', verdicts: [{ passed: true }] });
    expect(outcome.warnings).toEqual([
      expect.stringMatching(`^${daily(22)} from s3: the verification could not be recorded in the database: `),
    ]);
    expect(stage.alerts).toMatchObject([{ level: 'warning', text: outcome.warnings[0] }]);
  }, 60_000);
});
