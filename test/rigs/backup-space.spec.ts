import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Alert } from '../../libs/ops/src/alerts/alerts';
import type { BackupSource } from '../../libs/ops/src/backups/backup-source';
import { SpaceCheck, type SpaceReport } from '../../libs/ops/src/space/space-check';
import { opsConfig } from '../support/ops-config';
import { SmallDisk } from './support/small-disk';

const MB = 1024 * 1024;
const never = new AbortController().signal;

describe('The check of space on a disk of 20 MB', () => {
  let disk: SmallDisk;
  let alerts: Alert[];

  beforeEach(() => {
    disk = new SmallDisk();
    alerts = [];
  });
  afterEach(() => {
    disk.remove();
  });

  /** Old backups, as far as the disk is concerned. */
  function fill(megabytes: number, name = 'old'): string {
    const path = join(disk.folder, name);
    writeFileSync(path, Buffer.alloc(megabytes * MB));
    return path;
  }

  function ensure(bytes: number, clean: () => number = () => 0): Promise<SpaceReport> {
    const config = opsConfig({ backupDir: join(disk.folder, 'backups'), reserveBytes: 2 * MB });
    const source: BackupSource = {
      name: 'database',
      disabled: undefined,
      estimate: () => Promise.resolve(bytes),
      produce: () => Promise.reject(new Error('not now')),
    };
    const send = (alert: Alert): Promise<string[]> => {
      alerts.push(alert);
      return Promise.resolve([]);
    };
    return new SpaceCheck(config, { send }).ensure({
      id: 'daily-x',
      sources: [source],
      last: undefined,
      stores: [],
      clean: () => Promise.resolve(clean()),
      signal: never,
    });
  }

  it('lets a backup pass that fits twice beside the reserve, and none that does not', async () => {
    // Some of its 20 MiB go to the disk's own bookkeeping, less than a page on this one.
    const { targets } = await ensure(9 * MB - 8192);
    expect(targets[0]!.name).toBe(`${disk.folder}/backups (file system ${disk.folder})`);
    expect(targets[0]!.freeBytes).toBeGreaterThan(20 * MB - 8192);
    await expect(ensure(9 * MB + 8192)).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: false,
      message:
        `Too little space. ${disk.folder}/backups (file system ${disk.folder}): 21.0 MB free, 21.0 MB needed. ` +
        'Removing old backups has freed 0 bytes',
    });
    expect(await readdir(disk.folder)).toEqual([]);
  });

  it('cleans old backups away, tells of it, and goes on', async () => {
    const old = fill(10);
    const clean = (): number => {
      rmSync(old);
      return 10 * MB;
    };
    await expect(ensure(5 * MB, clean)).resolves.toMatchObject({ cleanedBytes: 10 * MB });
    expect(alerts).toMatchObject([
      {
        level: 'warning',
        text: `${disk.folder}/backups (file system ${disk.folder}): 10.5 MB free, 12.6 MB needed. Old backups are being removed, none that the floor keeps.`,
      },
    ]);
  });

  it('stops where cleaning does not free enough', async () => {
    fill(5, 'kept by the floor');
    const old = fill(10);
    const clean = (): number => {
      rmSync(old);
      return 10 * MB;
    };
    await expect(ensure(8 * MB, clean)).rejects.toThrow(/15\.7 MB free, 18\.9 MB needed\. .* freed 10\.5 MB$/);
  });

  it('counts as df does', async () => {
    const before = (await ensure(0)).targets[0]!.freeBytes!;
    fill(4);
    const after = (await ensure(0)).targets[0]!.freeBytes!;
    expect(before - after).toBe(4 * MB);
    const [, available = ''] = execFileSync('df', ['--output=avail', '-B1', disk.folder]).toString().split('\n');
    expect(after).toBe(Number(available));
  });
});
