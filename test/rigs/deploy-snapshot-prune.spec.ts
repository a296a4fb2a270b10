import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Release } from '../../libs/ops/src/deployments/release';
import type { RepositoryView } from '../../libs/ops/src/deployments/snapshot/registry/registry-client';
import { RegistryRig } from './support/registry';
import { PARTS, SnapshotStage } from './support/snapshot-stage';

/** Snapshots are named by the second. */
const APART_MS = 2000;

describe('Snapshots in a real registry', () => {
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

  /** @param last so many are kept. @returns their tags */
  async function took(last: number, ...releases: Release[]): Promise<string[]> {
    stage.wire(stage.config({ keep: { ...stage.config().ops.keep, preDeploy: last } }));
    const tags: string[] = [];
    for (const release of releases) {
      tags.push((await stage.take(release)).tag);
      stage.clock.moveBy(APART_MS);
    }
    return tags;
  }
  const kept = async (): Promise<string[]> => (await stage.snapshots.list()).map(({ tag }) => tag).sort();
  const staying = (part: string, tag: string, other: string): string =>
    `${stage.registry.host}/${part}:${tag} stays in the registry: ${other} names the same image, and the registry removes no tag alone`;

  it('are pruned with what nothing else needs of them, and what is needed can still be pulled', async () => {
    const { registry } = stage;
    const [a, b, c] = [await stage.release('a'), await stage.release('b'), await stage.release('c')];
    const [a1 = '', a2 = '', b1 = '', b2 = '', c1 = '', c2 = ''] = await took(2, a, a, b, b, c, c);
    const first = await stage.snapshots.prune({ running: c, predecessor: b }, stage.underway());
    // The last two, b's newest as the rollback point of the running version, and a's newest as that of b.
    expect([first.removed, first.warnings, await kept()]).toEqual([[b1, a1], [], [a2, b2, c1, c2]]);
    const wanted = PARTS.flatMap((part) => [a2, b2, c1, c2].map((tag) => `${registry.host}/${part}:${tag}`));
    expect(await stage.localTags()).toEqual(wanted);
    // With the tag of an image that is kept the registry would lose all of that image’s.
    for (const part of PARTS) expect(await registry.tags(part)).toEqual(['a', a1, a2, 'b', b1, b2, 'c', c1, c2].sort());
    for (const tag of await kept()) await stage.snapshots.verify(tag, stage.underway());

    // Of one image the pipeline’s own name moves on, so that nothing names it but what is due.
    await registry.retag('frontend', 'c', 'a');
    const second = await stage.snapshots.prune({ running: c, predecessor: null }, stage.underway());
    expect([second.removed, await kept(), await stage.folders()]).toEqual([
      [b2, a2],
      [c1, c2],
      [c1, c2],
    ]);
    expect([...second.warnings].sort()).toEqual([
      ...[a1, a2].map((tag) => staying('backend', tag, 'a')),
      ...[b1, b2].map((tag) => staying('backend', tag, 'b')),
      ...[b1, b2].map((tag) => staying('frontend', tag, 'b')),
    ]);
    expect(await registry.tags('frontend')).toEqual(['a', 'b', b1, b2, 'c', c1, c2].sort());
    for (const tag of await kept()) await stage.snapshots.verify(tag, stage.underway());
    const third = await stage.snapshots.prune({ running: c, predecessor: null }, stage.underway());
    expect([third.removed, third.warnings]).toEqual([[], []]);
  }, 240_000);

  it('can be had from it when the engine has lost them', async () => {
    const served = await stage.release('served');
    const [tag = ''] = await took(1, served);
    for (const part of PARTS) await stage.rig.docker('image', 'rm', '--force', served[part]!.id);
    expect(await stage.localTags()).toEqual([]);
    const { release } = await stage.snapshots.verify(tag, stage.underway());
    for (const part of PARTS) {
      const { repository, digest, id } = release[part]!;
      expect(await stage.registry.digest(part, tag)).toBe(digest);
      expect(await stage.rig.imageId(`${repository}@${digest}`)).toBe(id);
    }
  }, 120_000);

  it('wait with their tags for a registry that is down', async () => {
    const [a, b] = [await stage.release('gone'), await stage.release('stays')];
    const [old = '', last = ''] = await took(1, a, b);
    for (const part of PARTS) await stage.registry.retag(part, 'stays', 'gone');
    stage.registry.crash();
    const down = await stage.snapshots.prune({ running: b, predecessor: null }, stage.underway());
    expect(down.warnings).toHaveLength(2);
    expect(down.warnings[0]).toMatch(
      /stay in the registry: The registry \S+ can’t be reached: ECONN\w+; the next one tries/,
    );
    expect([await kept(), await stage.folders()]).toEqual([[last], [old, last]]);
    await stage.registry.restart();
    const up = await stage.snapshots.prune({ running: b, predecessor: null }, stage.underway());
    expect([up.warnings, await stage.folders()]).toEqual([[], [last]]);
    for (const part of PARTS) expect(await stage.registry.tags(part)).not.toContain(old);
    await stage.snapshots.verify(last, stage.underway());
  }, 120_000);

  it('are asked for by the login of docker login where that is wanted', async () => {
    const closed = await RegistryRig.start({ login: true });
    try {
      const { signal } = new AbortController();
      const open = (dockerConfig: string): RepositoryView => {
        stage.wire(stage.config({}, { dockerConfig }));
        return stage.client.open(`${closed.host}/backend`, signal);
      };
      await expect(open(join(stage.home, 'none')).tags()).rejects.toThrow(
        /wants a login: there is none, see docker login/,
      );
      await expect(open(await closed.loggedIn()).tags()).resolves.toEqual([]);
      const auth = Buffer.from('rig:wrong').toString('base64');
      await writeFile(join(stage.home, 'config.json'), JSON.stringify({ auths: { [closed.host]: { auth } } }));
      await expect(open(stage.home).tags()).rejects.toThrow(/does not let this login do that \(401\)/);
    } finally {
      await closed.stop();
    }
  }, 60_000);
});
