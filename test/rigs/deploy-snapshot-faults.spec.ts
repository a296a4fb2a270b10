import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SmallDisk } from './support/small-disk';
import { takeAndDie } from './support/snapshot-process';
import { SnapshotStage } from './support/snapshot-stage';

describe('A snapshot before a deployment is refused', () => {
  let stage: SnapshotStage;

  beforeAll(async () => {
    stage = await SnapshotStage.start();
  }, 120_000);
  afterAll(async () => {
    await stage.stop();
  }, 60_000);
  beforeEach(async () => {
    await stage.set();
  });
  afterEach(async () => {
    await stage.strike();
  });

  it('where the registry is down, after as many tries as are set', async () => {
    const served = await stage.release('down');
    stage.registry.crash();
    await stage.expectRefused(stage.take(served), /: pushing \S+\/backend:backup-\S+: .*connection refused/);
    expect(stage.told.filter((text) => text.endsWith('; trying again'))).toHaveLength(1);
    await stage.registry.restart();
    await stage.expectNextOneWorks(served);
  }, 120_000);

  it('where the registry goes down between the two pushes', async () => {
    const served = await stage.release('between');
    let crashes = 0;
    const crash = (text: string): void => {
      if (text.startsWith('pushing') && text.includes('/frontend:') && crashes++ === 0) stage.registry.crash();
    };
    await stage.expectRefused(stage.take(served, crash), /: pushing \S+\/frontend:backup-\S+: .*connection refused/);
    await stage.registry.restart();
    await stage.expectNextOneWorks(served);
  }, 120_000);

  it('where the registry goes down before what was pushed is pulled again', async () => {
    const served = await stage.release('after');
    stage.engine.afterPush = () => {
      stage.registry.crash();
    };
    await stage.expectRefused(stage.take(served), /: pulling \S+\/backend@sha256:\S+: .*connection refused/);
    await stage.registry.restart();
    await stage.expectNextOneWorks(served);
  }, 120_000);

  it('where somebody gives its tag to another image after the push', async () => {
    const [served, other] = [await stage.release('mine'), await stage.release('other')];
    stage.engine.afterPush = async (reference) => {
      const [, tag] = /backend:(backup-.*)$/.exec(reference) ?? [];
      if (tag !== undefined) await stage.registry.retag('backend', 'other', tag);
    };
    const message = `The backend comes back from the registry as ${other.backend.id} by \\S+, and not as ${served.backend.id}`;
    await stage.expectRefused(stage.take(served), new RegExp(message));
    await stage.expectNextOneWorks(served);
  }, 120_000);

  it('where the registry has lost what was pushed', async () => {
    const served = await stage.release('lost');
    stage.engine.afterPush = async (reference) => {
      if (reference.includes('/frontend:')) await stage.registry.remove('frontend', served.frontend!.digest);
    };
    await stage.expectRefused(stage.take(served), /: pulling \S+\/frontend@sha256:\S+: .*manifest unknown/);
    await stage.expectNextOneWorks(served);
  }, 120_000);

  it('where the image of the frontend is nowhere any more', async () => {
    const served = await stage.release('nowhere');
    await stage.rig.docker('image', 'rm', '--force', served.frontend!.id);
    await stage.registry.remove('frontend', served.frontend!.digest);
    await stage.expectRefused(
      stage.take(served),
      /: The image of the frontend that runs, sha256:\w+, is not in the engine any more: /,
    );
    expect(stage.told.filter((text) => text.startsWith('pushing'))).toEqual([]);
  }, 120_000);

  it('where the disk is full', async () => {
    const served = await stage.release('full');
    const disk = new SmallDisk(2);
    try {
      const large = join(disk.folder, 'deploy/nginx/large.conf');
      await stage.plant(disk.folder);
      await writeFile(large, Buffer.alloc(1_200_000, '#'));
      stage.wire(stage.config({}, { path: disk.folder }));
      const failure = (await stage.take(served).catch((error: unknown) => error)) as Error;
      expect(failure.message).toMatch(/: \S+large\.conf could not be copied: there is no space left on the disk/);
      expect([await readdir(join(disk.folder, 'snapshots')), await stage.localTags()]).toEqual([[], []]);
      await rm(large);
      await expect(stage.take(served)).resolves.toMatchObject({ warnings: [] });
    } finally {
      disk.remove();
    }
  }, 120_000);

  it.each(['tagging the backend', 'tagging the frontend', 'pushing', ' again', 'copying the files'])(
    'and counts nowhere, where its process is killed at "%s"; the next one works',
    async (killAt) => {
      const { home, rig } = stage;
      const served = await stage.release('killed');
      const dataDir = join(home, 'data');
      expect(await takeAndDie({ home, dataDir, dockerHost: rig.host, release: served, killAt })).toBe('SIGKILL');
      const [dead = '', ...others] = await stage.folders();
      expect([dead, others]).toEqual([expect.stringMatching(/^backup-/), []]);
      expect(await stage.snapshots.list()).toEqual([]);
      expect(await stage.snapshots.find(dead)).toBeUndefined();
      await stage.expectNextOneWorks(served);
    },
    120_000,
  );
});
