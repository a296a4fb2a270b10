import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Clock, createLogger } from '@tiptop/platform';
import { opsConfig } from '../../../../../../test/support/ops-config';
import type { BackupRun } from '../../../backups/backup-run.entity';
import type { BackupRuns, RunRequest } from '../../../backups/backup-runs';
import type { LocalBackups } from '../../../local/local-backups';
import type { LocalBackup } from '../../../local/local-listing';
import type { ContainerEngine } from '../../containers/container-engine';
import type { Underway } from '../../deployment-watch';
import type { PinnedImage } from '../../release';
import { ImageKeeper } from '../image-keeper';
import { PreDeployBackup } from '../pre-deploy-backup';
import type { RegistryClient } from '../registry/registry-client';
import { SnapshotFiles } from '../snapshot-files';
import { SnapshotFolders } from '../snapshot-folders';
import { SnapshotPruner } from '../snapshot-pruner';
import { Snapshots } from '../snapshots';
import { TagRemoval } from '../tag-removal';
import { MemoryEngine } from './memory-engine';
import { MemoryRegistry } from './memory-registry';
import { sampleRelease } from './samples';

export const NOW = new Date('2026-11-22T02:00:00.500Z');
export const TAG = 'backup-20261122-020000';
/** What an environment's folder holds. */
export const FILES: Readonly<Record<string, string>> = {
  '.env': 'COMPOSE_PROJECT_NAME=tiptop\nCOMPOSE_FILE=docker-compose.yml:docker-compose.images.yml\nPASSWORD=hunter2\n',
  'docker-compose.yml': 'services: {}\n',
  'docker-compose.images.yml': 'services: {}\n# of the release\n',
  'deploy/nginx/nginx.conf': 'events {}\n',
  'deploy/nginx/conf.d/api.conf': 'server {}\n',
};

/** Stands where it was put. */
class StandingClock extends Clock {
  private at = NOW;

  now(): Date {
    return this.at;
  }

  moveTo(at: Date): void {
    this.at = at;
  }
}

/** Runs of backups that come to what they are told. */
export class ScriptedRuns {
  readonly asked: { owner: string; kind: string; trigger: string }[] = [];
  run: Partial<BackupRun> | undefined = {
    id: 'pre-deploy-20261122T020000Z',
    status: 'succeeded',
    reason: null,
    steps: [],
    manifest: {
      archive: { sha256: 'a'.repeat(64) },
      database: { migration: 'Deployments1795700000000', serverVersion: '15.18' },
      warnings: [],
    } as unknown as BackupRun['manifest'],
  };

  runWithin(owner: string, { kind, trigger, observer }: RunRequest): Promise<BackupRun | undefined> {
    this.asked.push({ owner, kind, trigger });
    observer?.progress('database', 'dumped');
    return Promise.resolve(this.run as BackupRun | undefined);
  }
}

/** Local backups that are all there, of the SHA-256 that they are told. */
class ScriptedBackups {
  sha256 = 'a'.repeat(64);

  verify(id: string): Promise<Pick<LocalBackup, 'manifest'>> {
    if (this.sha256 === '') return Promise.reject(new Error(`There is no backup ${id}`));
    return Promise.resolve({ manifest: { archive: { sha256: this.sha256 } } as LocalBackup['manifest'] });
  }
}

/** Snapshots on a folder of their own, with an engine, a registry and backups in memory. */
export class SnapshotBench {
  readonly clock = new StandingClock();
  readonly registry = new MemoryRegistry();
  readonly engine = new MemoryEngine(this.registry);
  readonly runs = new ScriptedRuns();
  readonly local = new ScriptedBackups();
  readonly told: string[] = [];
  readonly underway: Underway = { signal: new AbortController().signal, progress: (text) => this.told.push(text) };
  readonly folders: SnapshotFolders;
  readonly snapshots: Snapshots;

  private constructor(readonly home: string) {
    const base = opsConfig({}).ops;
    const deploy = { ...base.deploy, path: home };
    const keep = { ...base.keep, preDeploy: 2 };
    const config = opsConfig({ environment: 'prod', attempts: 3, retrySeconds: 0, deploy, keep });
    const logger = createLogger('silent');
    const client = this.registry as unknown as RegistryClient;
    const keeper = new ImageKeeper(config, this.engine as unknown as ContainerEngine);
    const files = new SnapshotFiles(config);
    this.folders = new SnapshotFolders(config);
    const pruner = new SnapshotPruner(config, this.folders, files, keeper, new TagRemoval(client), logger);
    const backup = new PreDeployBackup(this.runs as unknown as BackupRuns, this.local as unknown as LocalBackups);
    this.snapshots = new Snapshots(this.clock, this.folders, files, keeper, backup, client, pruner, logger);
  }

  static async set(): Promise<SnapshotBench> {
    const bench = new SnapshotBench(await mkdtemp(join(tmpdir(), 'tiptop-snapshots-')));
    await bench.write(FILES);
    bench.serve('a');
    return bench;
  }

  /** What is in the folder is replaced. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.home, path)), { recursive: true });
      await writeFile(join(this.home, path), text);
    }
  }

  /** An image that the pipeline has pushed, and that this engine has. */
  serve(digit: string): void {
    for (const image of Object.values(sampleRelease(digit)) as PinnedImage[]) {
      const { repository } = image;
      const tags = this.registry.repositories.get(repository) ?? new Map<string, string>();
      this.registry.repositories.set(
        repository,
        tags.set(`prod-${digit}`, image.digest).set('prod-latest', image.digest),
      );
      this.engine.names.set(image.id, image.id);
      this.engine.names.set(`${repository}@${image.digest}`, image.id);
    }
  }

  async take(digit = 'a', underway: Partial<Underway> = {}) {
    return this.snapshots.take({ release: sampleRelease(digit), deployment: 'd-1' }, { ...this.underway, ...underway });
  }

  async clear(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}
