import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StepFailure } from '../../backups/backup-source';
import { DeploymentBackups } from './deployment-backups';
import { SnapshotBench } from './spec-support/snapshot-bench';
import { BACKEND, FRONTEND, sampleRelease } from './spec-support/samples';

const DAY_MS = 86_400_000;
/** Of which two are kept. */
const tagOf = (day: number): string => `backup-202611${day}-020000`;

describe('Pruning snapshots', () => {
  let bench: SnapshotBench;

  beforeEach(async () => {
    bench = await SnapshotBench.set();
    bench.clock.moveTo(new Date('2026-11-22T02:00:00Z'));
  });
  afterEach(async () => {
    await bench.clear();
  });

  /** One a day from the 22nd on, of the release that served then. */
  async function took(...digits: string[]): Promise<void> {
    for (const [n, digit] of digits.entries()) {
      bench.clock.moveTo(new Date(Date.parse('2026-11-22T02:00:00Z') + n * DAY_MS));
      bench.runs.run!.id = `pre-deploy-202611${22 + n}T020000Z`;
      bench.serve(digit);
      await bench.take(digit);
      // The pipeline's own names are gone: a snapshot's is the last one that its image has.
      for (const name of [`prod-${digit}`, 'prod-latest']) bench.registry.repositories.get(BACKEND)!.delete(name);
    }
  }
  const prune = async (running: string, predecessor: string | null = null) =>
    bench.snapshots.prune(
      { running: sampleRelease(running), predecessor: predecessor === null ? null : sampleRelease(predecessor) },
      bench.underway,
    );
  const folders = async (): Promise<string[]> => (await readdir(join(bench.home, 'snapshots'))).sort();
  const remote = (): string[] =>
    bench.registry
      .tagsOf(BACKEND)
      .filter((tag) => tag.startsWith('backup-'))
      .sort();
  const local = (): string[] =>
    [...bench.engine.names.keys()]
      .filter((name) => name.startsWith(`${BACKEND}:backup-`))
      .map((name) => name.slice(-22))
      .sort();

  it('takes rollback point, tags and folder away of all but the last and those that are relied on', async () => {
    await took('a', 'b', 'c', 'd', 'd', 'd');
    const outcome = await prune('d', 'c');
    const kept = [tagOf(23), tagOf(24), tagOf(26), tagOf(27)];
    expect(outcome).toMatchObject({
      kept: [...kept].reverse(),
      removed: [tagOf(25), tagOf(22)],
      detail: `4 kept, 2 removed: ${tagOf(25)}, ${tagOf(22)}`,
    });
    expect((await bench.snapshots.list()).map(({ tag }) => tag)).toEqual([...kept].reverse());
    expect(local()).toEqual(kept);
    // The 25th is of the image that runs: its tag goes when that does.
    expect(remote()).toEqual([...kept, tagOf(25)].sort());
    expect(bench.registry.tagsOf(FRONTEND)).toEqual(expect.arrayContaining(kept));
    for (const { tag } of await bench.snapshots.list()) await bench.snapshots.verify(tag, bench.underway);
  });

  it('takes the tag that waited away with the last snapshot of its image', async () => {
    await took('a', 'a', 'b', 'c');
    expect((await prune('d', 'a')).warnings).toEqual([]);
    expect(await folders()).toEqual([tagOf(22), tagOf(23), tagOf(24), tagOf(25)]);
    expect((await bench.snapshots.list()).map(({ tag }) => tag)).toEqual([tagOf(25), tagOf(24), tagOf(23)]);
    expect(remote()).toEqual([tagOf(22), tagOf(23), tagOf(24), tagOf(25)]);
    bench.registry.set(FRONTEND, {});
    await prune('d', 'c');
    expect(remote()).toEqual([tagOf(24), tagOf(25)]);
    expect(await folders()).toEqual([tagOf(24), tagOf(25)]);
  });

  it('says which tag stays where another one names the same image, once', async () => {
    await took('a', 'b', 'c');
    bench.registry.repositories.get(BACKEND)!.set('1.0.0', sampleRelease('a').backend.digest);
    bench.registry.set(FRONTEND, {});
    expect((await prune('d', 'c')).warnings).toEqual([
      `${BACKEND}:${tagOf(22)} stays in the registry: 1.0.0 names the same image, and the registry removes no tag alone`,
    ]);
    expect((await prune('d', 'c')).warnings).toEqual([]);
    expect(await folders()).toEqual([tagOf(23), tagOf(24)]);
    expect(remote()).toEqual([tagOf(22), tagOf(23), tagOf(24)]);
  });

  it('tries again next time where the registry is down, and counts the snapshot no more', async () => {
    await took('a', 'b', 'c');
    bench.registry.set(FRONTEND, {});
    bench.registry.down = true;
    const { warnings, removed } = await prune('d', 'c');
    expect(removed).toEqual([tagOf(22)]);
    expect(warnings).toEqual(
      [BACKEND, FRONTEND].map(
        (one) => `${tagOf(22)} of ${one} stay in the registry: The registry is down; the next one tries again`,
      ),
    );
    expect((await bench.snapshots.list()).map(({ tag }) => tag)).toEqual([tagOf(24), tagOf(23)]);
    bench.registry.down = false;
    expect((await prune('d', 'c')).warnings).toEqual([]);
    expect([await folders(), remote()]).toEqual([
      [tagOf(23), tagOf(24)],
      [tagOf(23), tagOf(24)],
    ]);
  });

  it('leaves the folder where the engine does not let the tag go', async () => {
    await took('a', 'b', 'c');
    bench.registry.set(FRONTEND, {});
    bench.engine.before = (call) => {
      if (call === `untag ${BACKEND}:${tagOf(22)}`) throw new StepFailure('a container uses it');
    };
    expect((await prune('d', 'c')).warnings).toContainEqual(
      `${BACKEND}:${tagOf(22)} stays in the engine: a container uses it`,
    );
    expect(await folders()).toContain(tagOf(22));
  });

  it('removes no image while a snapshot can’t be read: it might be that one’s', async () => {
    await took('a', 'a', 'b', 'c');
    await writeFile(join(bench.home, 'snapshots', tagOf(23), 'rollback-point.json'), '{');
    const { warnings } = await prune('d', 'c');
    expect(warnings).toEqual([
      expect.stringMatching(new RegExp(`^the snapshot ${tagOf(23)} can’t be read and stays: .*damaged`)) as string,
    ]);
    expect(remote()).toEqual([tagOf(22), tagOf(23), tagOf(24), tagOf(25)]);
    expect(await folders()).toContain(tagOf(23));
  });

  it('does nothing where there is nothing', async () => {
    await expect(prune('a')).resolves.toEqual({ kept: [], removed: [], warnings: [], detail: '0 kept, 0 removed' });
  });

  describe('and the backups that rollback points go with', () => {
    const protectedIds = async () => new DeploymentBackups(bench.folders).ids();

    it('are protected as long as those are there', async () => {
      expect(await protectedIds()).toEqual(new Map());
      await took('a', 'b', 'c');
      expect([...(await protectedIds())]).toEqual([
        ['pre-deploy-20261124T020000Z', `goes with the rollback point ${tagOf(24)}`],
        ['pre-deploy-20261123T020000Z', `goes with the rollback point ${tagOf(23)}`],
        ['pre-deploy-20261122T020000Z', `goes with the rollback point ${tagOf(22)}`],
      ]);
      await prune('d', 'c');
      expect([...(await protectedIds()).keys()]).toEqual([
        'pre-deploy-20261124T020000Z',
        'pre-deploy-20261123T020000Z',
      ]);
    });

    it('can’t be told where one of those can’t be read, and are none of one that was interrupted', async () => {
      await took('a', 'b');
      await rm(join(bench.home, 'snapshots', tagOf(22), 'rollback-point.json'));
      expect([...(await protectedIds()).keys()]).toEqual(['pre-deploy-20261123T020000Z']);
      await writeFile(join(bench.home, 'snapshots', tagOf(22), 'rollback-point.json'), '');
      await expect(protectedIds()).rejects.toThrow(/backup-20261122-020000 can’t be read/);
    });
  });
});
