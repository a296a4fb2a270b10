import { Inject, Injectable } from '@nestjs/common';
import { Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { StepFailure } from '../../backups/backup-source';
import type { Underway } from '../deployment-watch';
import { type PinnedImage, type Release, RELEASE_PARTS } from '../release';
import { ImageKeeper } from './image-keeper';
import { PreDeployBackup } from './pre-deploy-backup';
import { RegistryClient } from './registry/registry-client';
import { ROLLBACK_POINT_VERSION, type Snapshot } from './rollback-point';
import { SnapshotFiles } from './snapshot-files';
import { SnapshotFolders } from './snapshot-folders';
import { type Served, SnapshotPruner, type SnapshotPruning } from './snapshot-pruner';
import { formatSnapshotTag, parseSnapshotTag } from './snapshot-tag';

export type { RollbackPoint, Snapshot } from './rollback-point';
export { isSnapshotTag } from './snapshot-tag';
export type { Served, SnapshotPruning } from './snapshot-pruner';

const SECOND_MS = 1000;
/** More snapshots of these very seconds there are not. */
const MOST_TAGS = 100;
/** For clearing up after a snapshot that was not made. */
const CLEAR_MS = 60_000;

export interface SnapshotRequest {
  /** What serves now. */
  release: Release;
  /** Id of the deployment that it is made for. */
  deployment: string;
}

/**
 * The snapshots before deployments: what served, in a form that can be gone back to. Everything here is called by whoever
 * holds the lease of the installation.
 */
@Injectable()
export class Snapshots {
  constructor(
    private readonly clock: Clock,
    private readonly folders: SnapshotFolders,
    private readonly files: SnapshotFiles,
    private readonly keeper: ImageKeeper,
    private readonly backup: PreDeployBackup,
    private readonly registry: RegistryClient,
    private readonly pruner: SnapshotPruner,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Takes one, and looks that every part of it is there: images, backup of the database, files, rollback point.
   * @throws StepFailure that names what is missing or different: there is no snapshot then, and nothing is to be deployed.
   * The backup stays, as one before a deployment like any other.
   */
  async take({ release, deployment }: SnapshotRequest, underway: Underway): Promise<Snapshot> {
    const { signal } = underway;
    const warnings = await this.clear(release, underway);
    const tag = await this.freeTag(release, underway);
    try {
      const folder = await this.folders.create(tag);
      const at = this.clock.now().toISOString();
      const kept = await this.keep(release, tag, underway);
      const { database, warnings: ofBackup } = await this.backup.make(`deployment ${deployment}`, underway);
      underway.progress('copying the files of the release');
      const copies = await this.files.copy(folder, signal);
      const versions = await this.files.writeVersions(folder, tag, kept, database);
      const sumsSha256 = await this.files.seal(folder, [...copies, versions]);
      const { environment } = this.folders;
      const all = [...warnings, ...ofBackup];
      const point = { version: ROLLBACK_POINT_VERSION, tag, at, environment, deployment, release: kept } as const;
      await this.files.verify({ ...point, database, sumsSha256, warnings: all, folder }, signal);
      return await this.folders.publish({ ...point, database, sumsSha256, warnings: all });
    } catch (error) {
      await this.discard(tag, release);
      if (signal.aborted) throw error;
      const message = `The snapshot ${tag} is not whole, so nothing is deployed: ${(error as Error).message}`;
      throw new StepFailure(message, false, { cause: error });
    }
  }

  /** Newest first. @throws StepFailure where they can't be read */
  async list(): Promise<Snapshot[]> {
    return (await this.folders.list()).snapshots;
  }

  /** @returns undefined where there is none of that name. @throws StepFailure where it can't be read */
  async find(tag: string): Promise<Snapshot | undefined> {
    const { snapshots, faults } = await this.folders.list();
    const fault = faults.find((one) => one.tag === tag);
    if (fault) throw new StepFailure(`The snapshot ${tag} can’t be read: ${fault.why}`, false);
    return snapshots.find((one) => one.tag === tag);
  }

  /**
   * Whether one could be gone back to: its files are as they were, its images can be had from the registry, and its backup is
   * on this machine.
   * @throws StepFailure that says what can't
   */
  async verify(tag: string, underway: Underway): Promise<Snapshot> {
    const snapshot = await this.require(tag);
    await this.files.verify(snapshot, underway.signal);
    for (const [part, image] of partsOf(snapshot.release)) await this.keeper.verify(part, image, underway);
    await this.backup.verify(snapshot.database, underway);
    return snapshot;
  }

  /**
   * Puts the files of a snapshot back into the environment's folder. Containers know nothing of that yet.
   * @throws StepFailure, before anything is written where one of them is damaged
   */
  async restoreFiles(tag: string, { signal, progress }: Underway): Promise<void> {
    progress(`putting the files of ${tag} back`);
    await this.files.restore(await this.require(tag), signal);
  }

  /** @throws StepFailure where the snapshots can't be listed; what a single one fails with is a warning */
  async prune(served: Served, underway: Underway): Promise<SnapshotPruning> {
    return this.pruner.prune(served, underway);
  }

  private async require(tag: string): Promise<Snapshot> {
    const snapshot = await this.find(tag);
    if (!snapshot) throw new StepFailure(`There is no snapshot ${tag}`, false);
    return snapshot;
  }

  /** All are named before the first is pushed: what the engine has lost shows before anything leaves it. */
  private async keep(release: Release, tag: string, underway: Underway): Promise<Release> {
    for (const [part, image] of partsOf(release)) await this.keeper.tag(part, image, tag, underway);
    const { backend, frontend } = release;
    return {
      backend: await this.keeper.push('backend', backend, tag, underway),
      frontend: frontend && (await this.keeper.push('frontend', frontend, tag, underway)),
    };
  }

  /** What earlier ones have left is no reason not to take this one. @returns warnings */
  private async clear(release: Release, underway: Underway): Promise<string[]> {
    try {
      return await this.pruner.clear({ running: release, predecessor: null }, underway);
    } catch (error) {
      underway.signal.throwIfAborted();
      return [`what earlier snapshots have left could not be removed: ${(error as Error).message}`];
    }
  }

  /** One that stands for nothing yet: in the folder, in the engine, in the registry; and later than all in the folder. */
  private async freeTag(release: Release, underway: Underway): Promise<string> {
    const { snapshots, unfinished, faults } = await this.folders.list();
    const tags = [...[...snapshots, ...faults].map(({ tag }) => tag), ...unfinished].sort();
    const newest = parseSnapshotTag(tags.at(-1) ?? '')?.getTime() ?? 0;
    // By their names they are kept or removed: where the clock was set back, the new one is the newest all the same.
    const first = Math.max(this.clock.now().getTime(), newest + SECOND_MS);
    for (let n = 0; n < MOST_TAGS; n++) {
      const tag = formatSnapshotTag(new Date(first + n * SECOND_MS));
      if (!(await this.isTaken(tag, release, underway))) return tag;
    }
    throw new StepFailure('The snapshot was not made: every name for it is taken', false);
  }

  private async isTaken(tag: string, release: Release, underway: Underway): Promise<boolean> {
    for (const [, { repository }] of partsOf(release)) {
      if (await this.keeper.isTaken(repository, tag, underway)) return true;
      try {
        if ((await this.registry.open(repository, underway.signal).digestOf(tag)) !== undefined) return true;
      } catch (err) {
        underway.signal.throwIfAborted();
        // A registry that is down shows when it is pushed to; one that lets nobody but the engine in shows nothing.
        this.logger.warn({ err, repository }, 'Whether the registry has a tag of that name could not be found out');
      }
    }
    return false;
  }

  private async discard(tag: string, release: Release): Promise<void> {
    const underway = { signal: AbortSignal.timeout(CLEAR_MS), progress: () => undefined };
    try {
      for (const [, { repository }] of partsOf(release)) await this.keeper.untag(repository, tag, underway);
      await this.folders.remove(tag);
    } catch (err) {
      // It has no rollback point: the next one clears it up.
      this.logger.warn({ err, snapshot: tag }, 'What the failed snapshot has left could not be removed');
    }
  }
}

function partsOf(release: Release): [string, PinnedImage][] {
  return RELEASE_PARTS.flatMap((part): [string, PinnedImage][] => {
    const image = release[part];
    return image ? [[part, image]] : [];
  });
}
