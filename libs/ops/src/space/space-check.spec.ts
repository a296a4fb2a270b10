import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../test/support/file-tree';
import { MemoryStore } from '../../../../test/support/memory-store';
import { opsConfig } from '../../../../test/support/ops-config';
import { type Alert, Alerts } from '../alerts/alerts';
import type { BackupSource } from '../backups/backup-source';
import type { InnerManifest } from '../backups/manifest';
import { SpaceCheck, type SpacePlan } from './space-check';

const GB = 1_000_000_000;
const never = new AbortController().signal;

class RecordingAlerts extends Alerts {
  readonly sent: Alert[] = [];

  send(alert: Alert): Promise<readonly string[]> {
    this.sent.push(alert);
    return Promise.resolve([]);
  }
}

function source(name: string, bytes: number | undefined, disabled?: string): BackupSource {
  return {
    name,
    disabled,
    estimate: () => Promise.resolve(bytes),
    produce: () => Promise.reject(new Error('not now')),
  };
}

describe('The check of space before a backup', () => {
  let folder: string;
  let alerts: RecordingAlerts;
  let store: MemoryStore;
  const clean = jest.fn<Promise<number>, [AbortSignal]>();

  beforeEach(async () => {
    folder = await temporaryFolder();
    alerts = new RecordingAlerts();
    store = new MemoryStore('sftp');
    clean.mockReset().mockResolvedValue(0);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function ensure(plan: Partial<SpacePlan> = {}, reserveBytes = 0) {
    const check = new SpaceCheck(opsConfig({ backupDir: join(folder, 'not/yet/there'), reserveBytes }), alerts);
    const sources = [source('database', 1000)];
    return check.ensure({ id: 'daily-x', sources, last: undefined, stores: [store], clean, signal: never, ...plan });
  }

  const needed = async (plan: Partial<SpacePlan>, reserveBytes?: number) =>
    (await ensure(plan, reserveBytes)).targets.map(({ neededBytes }) => neededBytes);

  const lastWith = (...artifacts: [string, number][]) =>
    ({ artifacts: artifacts.map(([path, bytes]) => ({ path, bytes, sha256: '' })) }) as unknown as InnerManifest;

  it('needs here the artifacts and the archive, there the archive, and the reserve on each', async () => {
    const sources = [source('database', 1000), source('images', 500), source('jenkins', 9999, 'switched off')];
    await expect(needed({ sources }, 70)).resolves.toEqual([3070, 1570]);
  });

  it('goes by what each source has taken last time, and some more', async () => {
    const last = lastWith(
      ['db/tiptop.dump.gz', 100_000 * 4096],
      ['images/a.tar.gz', 1],
      ['images/b.tar.gz', 4097],
      ['config/etc/dbx', 1],
    );
    const sources = [source('database', 5), source('images', 5), source('jenkins', 4096), source('configuration', 5)];
    const blocks = 1.3 * (100_001 + 2 + 3 + 2) + 1;
    await expect(needed({ sources, last })).resolves.toEqual([2, 1].map((times) => times * Math.ceil(blocks * 4096)));
  });

  it('says of which sources nothing is known', async () => {
    const sources = [source('database', undefined), source('images', 500)];
    const { targets, detail } = await ensure({ sources });
    expect(targets[1]).toMatchObject({ neededBytes: 500 });
    expect(detail).toMatch(/; not counted, since nothing is known of it yet: database$/);
  });

  it('has nothing to say where there is room', async () => {
    store.free = 1000;
    const { cleanedBytes, detail, targets } = await ensure();
    expect(cleanedBytes).toBeUndefined();
    expect(targets[0]!.freeBytes).toBeGreaterThan(0);
    expect(detail).toMatch(
      /not\/yet\/there \(file system \/.*\): .*B free, 2\.0 kB needed; sftp \(.*\): 1\.0 kB free, 1\.0 kB needed$/,
    );
    expect(alerts.sent).toEqual([]);
    expect(clean).not.toHaveBeenCalled();
  });

  it('tells people, cleans once, and looks again', async () => {
    store.free = 999;
    clean.mockImplementation(() => {
      expect(alerts.sent).toHaveLength(1);
      store.free = 1000;
      return Promise.resolve(1);
    });
    await expect(ensure()).resolves.toMatchObject({
      cleanedBytes: 1,
      detail: expect.stringMatching(/Removing old backups has freed 1 bytes$/) as string,
    });
    expect(clean).toHaveBeenCalledTimes(1);
    const words = `sftp (${store.place}): 999 bytes free, 1.0 kB needed`;
    expect(alerts.sent).toEqual([
      {
        level: 'warning',
        subject: `Backup daily-x: too little space on sftp (${store.place})`,
        text: `${words}. Old backups are being removed, none that the floor keeps.`,
        facts: { step: 'space', backup: 'daily-x' },
      },
    ]);
  });

  it('stops where it is short still, naming what is', async () => {
    store.free = 100;
    const other = new MemoryStore('s3');
    other.free = 5000;
    clean.mockResolvedValue(50);
    await expect(ensure({ stores: [other, store] })).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: false,
      message:
        `Too little space. sftp (${store.place}): 100 bytes free, 1.0 kB needed. ` +
        'Removing old backups has freed 50 bytes',
    });
    expect(clean).toHaveBeenCalledTimes(1);
  });

  it('is not mistaken by a cleaning that fails, nor by one that says what is not so', async () => {
    store.free = 100;
    clean.mockRejectedValue(new Error('the lock is taken'));
    await expect(ensure()).rejects.toThrow(/100 bytes free, .* Removing old backups has failed: the lock is taken$/);
    clean.mockResolvedValue(10 * GB);
    await expect(ensure()).rejects.toThrow(/100 bytes free, .* has freed 10\.0 GB$/);
  });

  it('lets the run go on to a store that can’t be asked, or does not tell', async () => {
    const silent = new MemoryStore('s3');
    store.fail('freeBytes');
    const { detail, targets } = await ensure({ stores: [silent, store] });
    expect(targets.map(({ freeBytes }) => freeBytes).slice(1)).toEqual([undefined, undefined]);
    expect(detail.match(/does not tell what is free/g)).toHaveLength(2);
  });

  it('ends with the run', async () => {
    const run = new AbortController();
    store.free = 1;
    clean.mockImplementation(() => {
      run.abort(new Error('the run ends'));
      return Promise.reject(new Error('aborted'));
    });
    await expect(ensure({ signal: run.signal })).rejects.toThrow('the run ends');
  });

  it('asks no source that is switched off', async () => {
    const off = { ...source('images', 5, 'off'), estimate: jest.fn() };
    await ensure({ sources: [off] });
    expect(off.estimate).not.toHaveBeenCalled();
  });
});
