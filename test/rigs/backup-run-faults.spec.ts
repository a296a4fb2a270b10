import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MovableClock, type OpsConfig } from '@tiptop/platform';
import { ToolFolders } from '../../libs/ops/src/database/tool-folders';
import { opsConfig } from '../support/ops-config';
import '../support/one-realm';
import { expectSucceeded, FailingRuns, never } from './support/failing-runs';
import { SmallDisk } from './support/small-disk';

const MB = 1024 * 1024;
const DAY_MS = 86_400_000;

describe('A backup in which a real part fails', () => {
  let runs: FailingRuns;

  beforeAll(async () => {
    runs = await FailingRuns.start();
  }, 60_000);
  afterAll(async () => {
    await runs.stop();
  });
  afterEach(async () => {
    await runs.stage.strike();
  });

  describe('because pg_dump is killed in the middle', () => {
    const kill = (pgDump: number): void => {
      process.kill(pgDump, 'SIGKILL');
    };

    it('once: it is tried again, and people are told', async () => {
      await runs.set();
      await runs.makeEarlier();
      const { observer, times } = runs.inTheMiddle(kill);
      const run = await runs.stage.run({ observer });
      expect([times(), run.status]).toEqual([1, 'succeeded']);
      expect(run.steps.find(({ name }) => name === 'database')).toMatchObject({ status: 'passed', attempts: 2 });
      expect(runs.stage.alerts.of('warning')).toEqual([
        `Backup ${run.id}: database has failed, and is tried again: dumping: pg_dump was killed by SIGKILL`,
      ]);
    });

    it('each time: it fails', async () => {
      await runs.set();
      await runs.makeEarlier();
      const { observer, times } = runs.inTheMiddle(kill, { each: true });
      const run = await runs.stage.run({ observer });
      expect(times()).toBe(2);
      await runs.expectNoHarm(run);
      runs.expectTold(run, 'database', /^dumping: pg_dump was killed by SIGKILL$/);
      await runs.expectNextOneWorks();
    });
  });

  it('because pg_dump is older than the server fails before anything is dumped', async () => {
    await runs.set();
    await runs.makeEarlier();
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-rig-old-'));
    await writeFile(join(folder, 'pg_dump'), '#!/bin/sh\necho "pg_dump (PostgreSQL) 14.9"\n');
    await chmod(join(folder, 'pg_dump'), 0o755);
    const list = jest.spyOn(runs.stage.module.get(ToolFolders, { strict: false }), 'list').mockResolvedValue([folder]);
    const { observer, times } = runs.inTheMiddle(() => undefined);
    const run = await runs.stage.run({ observer });
    expect(times()).toBe(0);
    await runs.expectNoHarm(run);
    runs.expectTold(run, 'database', /^pg_dump 14\.9 \(\S+\) is older than the server, release 15: install /);
    // Another try would find the same program.
    expect(run.steps.find(({ name }) => name === 'database')).toMatchObject({ attempts: 1 });
    list.mockRestore();
    await rm(folder, { recursive: true });
    await runs.expectNextOneWorks();
  });

  describe('on a disk of 20 MB', () => {
    let disk: SmallDisk;
    beforeEach(() => {
      disk = new SmallDisk(20);
    });
    afterEach(() => {
      disk.remove();
    });

    const onDisk = async (ops: Partial<OpsConfig> = {}, clock?: MovableClock): Promise<void> =>
      runs.set({ backupDir: join(disk.folder, 'backups'), sftp: undefined, ...ops }, clock);
    const free = (): number => {
      const { bavail, bsize } = statfsSync(disk.folder);
      return bavail * bsize;
    };
    /** Takes all room but so much. */
    const leave = (bytes: number): string => {
      const path = join(disk.folder, 'of-somebody-else');
      writeFileSync(path, Buffer.alloc(free() - bytes));
      return path;
    };

    it('that has no room stops before anything is written', async () => {
      await onDisk();
      await runs.makeEarlier();
      const filler = leave(5 * MB);
      const files = await readdir(disk.folder, { recursive: true });
      const run = await runs.stage.run();
      await runs.expectNoHarm(run);
      expect(run.steps.filter(({ name }) => !['report', 'notify'].includes(name))).toHaveLength(1);
      runs.expectTold(run, 'space', /^Too little space\. \S+ \(file system \S+\): [\d.]+ MB free, [\d.]+ MB needed\./);
      expect(runs.stage.alerts.of('warning')).toEqual([
        expect.stringMatching(
          new RegExp(`too little space on ${disk.folder}/backups .*: .* needed\\. Old backups are`),
        ),
      ]);
      const after = await readdir(disk.folder, { recursive: true });
      expect(after.filter((name) => !files.includes(name) && !name.includes('reports'))).toEqual([]);
      rmSync(filler);
      await runs.expectNextOneWorks();
    });

    it('is cleaned of old ones above the floor first, and then it fits', async () => {
      const clock = new MovableClock();
      const now = clock.now().getTime();
      // Whoever made these has removed none.
      await onDisk({ keep: { ...opsConfig({}).ops.keep, removeAtMost: 0 } }, clock);
      const ids: string[] = [];
      for (const days of [41, 40, 2, 1]) {
        clock.moveTo(new Date(now - days * DAY_MS));
        const { id, status } = await runs.stage.run();
        expect(status).toBe('succeeded');
        ids.unshift(id);
      }
      await runs.stage.strike();
      clock.moveTo(new Date(now));
      await onDisk({}, clock);
      const run = await runs.stage.run();
      expectSucceeded(run);
      const [newest, newer] = ids;
      expect((await runs.stage.local.list()).backups.map(({ id }) => id)).toEqual([run.id, newest, newer]);
      for (const id of [newest!, newer!]) await runs.stage.local.verify(id, never());
      expect(run.report?.removed.map(({ id }) => id)).toEqual(ids.slice(2).reverse());
      expect(runs.stage.alerts.heard.map(({ level, subject }) => [level, subject])).toEqual([
        ['warning', expect.stringMatching(`Backup ${run.id}: too little space on `)],
        ['success', `Backup ${run.id} is made and verified`],
      ]);
    });

    it('that is full once the dump has begun: it fails, and nothing of it stays', async () => {
      await onDisk();
      await runs.makeEarlier();
      let filler = '';
      const { observer, times } = runs.inTheMiddle(() => {
        filler = leave(0);
      });
      const run = await runs.stage.run({ observer });
      expect(times()).toBe(1);
      await runs.expectNoHarm(run);
      runs.expectTold(run, 'database', /ENOSPC|no space|full/i);
      rmSync(filler);
      await runs.expectNextOneWorks();
    });
  });
});
