import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PinnedImage, Release } from '../../libs/ops/src/deployments/release';
import { Pruner } from '../../libs/ops/src/retention/pruner';
import { OpsStage } from '../support/ops-stage';
import { DatabaseStage } from './support/database-stage';
import { descendantsOf } from './support/process-family';
import { PARTS, SnapshotStage } from './support/snapshot-stage';

describe('A snapshot before a deployment, of a real engine, registry and database', () => {
  const { signal } = new AbortController();
  let on: SnapshotStage;
  let database: DatabaseStage;
  let stage: OpsStage;
  let served: Release;

  beforeAll(async () => {
    [on, database] = await Promise.all([SnapshotStage.start(), DatabaseStage.start()]);
    await database.fill(1000);
    await database.ballast(5);
    await on.set();
    const { dockerHost, deploy } = on.config().ops;
    stage = await OpsStage.set({
      databaseUrl: database.url,
      ops: {
        environment: 'prod',
        attempts: 1,
        dockerHost,
        images: ['whatever:latest'],
        configPaths: [join(on.home, 'docker-compose.yml')],
        deploy,
      },
    });
    on.wire(stage.config, { runs: stage.runs, local: stage.local });
    served = await on.release('v1');
  }, 180_000);
  afterAll(async () => {
    await stage.strike();
    await on.strike();
    await Promise.all([on.stop(), database.stop()]);
  }, 60_000);

  it('is there in full, and found by nothing but stock programs', async () => {
    const { tag, folder, database: db } = await on.take(served);
    expect(tag).toMatch(/^backup-\d{8}-\d{6}$/);
    expect(await on.localTags()).toEqual(PARTS.map((part) => `${on.registry.host}/${part}:${tag}`));
    execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder });
    const versions = JSON.parse(await readFile(join(folder, 'versions.json'), 'utf8')) as Record<string, PinnedImage>;
    expect(versions['db']).toEqual(db);
    for (const part of PARTS) {
      expect(versions[part]).toMatchObject({ ...served[part], image: `${on.registry.host}/${part}:${tag}` });
      expect(await on.registry.digest(part, tag)).toBe(served[part]!.digest);
    }
    expect(on.told.join('\n')).not.toContain('hunter2');
  }, 120_000);

  it('goes with a backup of the database and the configuration, verified, which no retention takes', async () => {
    const [snapshot] = await on.snapshots.list();
    const { backup, sha256, migration, serverVersion } = snapshot!.database;
    const { manifest } = await stage.local.verify(backup, signal);
    expect(manifest).toMatchObject({ kind: 'pre-deploy', archive: { sha256 }, images: [] });
    expect([...manifest.disabled].sort()).toEqual(['images', 'jenkins', 'restore-check']);
    const folders = new Set(manifest.artifacts.map(({ path }) => path.split('/')[0]));
    expect([...folders].sort()).toEqual(['config', 'db']);
    expect(manifest.database).toMatchObject({ migration, serverVersion });
    expect(snapshot!.warnings).toEqual([
      `the backup ${backup}: no store away from this machine is switched on: what it loses is lost`,
    ]);
    await expect(on.snapshots.verify(snapshot!.tag, on.underway())).resolves.toEqual(snapshot);
    const plan = await stage.module.get(Pruner, { strict: false }).plan(signal);
    const decision = plan.places[0]!.decisions.find(({ id }) => id === backup);
    expect(decision!.reasons).toContain(`goes with the rollback point ${snapshot!.tag}: never removed`);
  });

  it('is refused where pg_dump is killed, and the next one works', async () => {
    let killed = 0;
    const kill = (text: string): void => {
      if (killed > 0 || !text.startsWith('backup: database: ')) return;
      const child = descendantsOf(process.pid).find(({ name }) => name === 'pg_dump');
      if (!child) return;
      killed++;
      process.kill(child.pid, 'SIGKILL');
    };
    const before = await on.folders();
    const failure = (await on.take(served, kill).catch((error: unknown) => error)) as Error;
    expect(killed).toBe(1);
    expect(failure.message).toMatch(
      /nothing is deployed: The backup pre-deploy-\S+ of the database has failed: database: .*pg_dump/,
    );
    expect(await readdir(join(on.home, 'snapshots'))).toEqual(before);
    const next = await on.take(served);
    expect((await on.snapshots.list())[0]!.tag).toBe(next.tag);
    await on.snapshots.verify(next.tag, on.underway());
    await stage.local.remove(next.database.backup);
    await expect(on.snapshots.verify(next.tag, on.underway())).rejects.toThrow(
      /There is no sound local backup pre-deploy-/,
    );
  }, 120_000);
});
