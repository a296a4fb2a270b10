import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { fileFailure } from '../../archive/file-failure';
import { syncToDisk } from '../../artifacts/hashed-file';
import { StepFailure } from '../../backups/backup-source';
import { ManifestError } from '../../backups/manifest-fields';
import { isMissing } from '../../files/file-fault';
import { replaceFile } from '../rollout/replaced-file';
import type { RollbackPoint, Snapshot } from './rollback-point';
import { parseRollbackPoint, rollbackPointText } from './rollback-point-text';
import { isSnapshotTag } from './snapshot-tag';

const ROLLBACK_POINT = 'rollback-point.json';
const OWNER_WRITES = 0o644;
const OWNER_ALONE = 0o700;

export interface SnapshotListing {
  /** Newest first. */
  snapshots: Snapshot[];
  /** Tags of those whose making or removal did not come to its end. They count nowhere. */
  unfinished: string[];
  /** Those that can't be read: they are left for somebody to look at. */
  faults: { tag: string; why: string }[];
}

/**
 * The folder of snapshots, `snapshots` in the environment's own. A snapshot is there when its rollback point is: that comes
 * last and goes first. What is not named like a snapshot is not looked at.
 */
@Injectable()
export class SnapshotFolders {
  readonly root: string;
  readonly environment: string;

  constructor({ ops }: AppConfig) {
    this.root = join(ops.deploy.path, 'snapshots');
    this.environment = ops.environment;
  }

  folderOf(tag: string): string {
    // A path is never made of anything else.
    if (!isSnapshotTag(tag)) throw new StepFailure(`${JSON.stringify(tag)} is no snapshot’s name`, false);
    return join(this.root, tag);
  }

  /** @throws StepFailure where the folder can't be read */
  async list(): Promise<SnapshotListing> {
    const listing: SnapshotListing = { snapshots: [], unfinished: [], faults: [] };
    const tags = (await this.names()).filter(isSnapshotTag).sort().reverse();
    for (const tag of tags) {
      try {
        listing.snapshots.push(await this.read(tag));
      } catch (error) {
        if (isMissing(error)) listing.unfinished.push(tag);
        else if (error instanceof ManifestError)
          listing.faults.push({ tag, why: `${ROLLBACK_POINT}: ${error.message}` });
        else throw fileFailure(error, `The snapshot ${tag} could not be read`);
      }
    }
    return listing;
  }

  /**
   * @returns its path
   * @throws StepFailure
   */
  async create(tag: string): Promise<string> {
    const folder = this.folderOf(tag);
    try {
      await mkdir(this.root, { recursive: true, mode: OWNER_ALONE });
      await mkdir(folder, { mode: OWNER_ALONE });
      await syncToDisk(this.root);
      return folder;
    } catch (error) {
      throw fileFailure(error, `The folder ${folder} could not be made`);
    }
  }

  /**
   * Makes a snapshot of what is in its folder.
   * @throws StepFailure
   */
  async publish(point: RollbackPoint): Promise<Snapshot> {
    const folder = this.folderOf(point.tag);
    const text = rollbackPointText(point);
    try {
      // What nobody could read later is no rollback point.
      parseRollbackPoint(text);
      await replaceFile(join(folder, ROLLBACK_POINT), text, OWNER_WRITES);
      return { ...point, folder };
    } catch (error) {
      throw fileFailure(error, `The rollback point ${point.tag} could not be written`);
    }
  }

  /**
   * From here on it is no snapshot any more.
   * @throws StepFailure
   */
  async withdraw(tag: string): Promise<void> {
    const folder = this.folderOf(tag);
    try {
      await rm(join(folder, ROLLBACK_POINT), { force: true });
      await syncToDisk(folder);
    } catch (error) {
      throw fileFailure(error, `The rollback point ${tag} could not be removed`);
    }
  }

  /** @throws StepFailure */
  async remove(tag: string): Promise<void> {
    await this.withdraw(tag);
    try {
      await rm(this.folderOf(tag), { recursive: true, force: true });
      await syncToDisk(this.root);
    } catch (error) {
      throw fileFailure(error, `The folder of the snapshot ${tag} could not be removed`);
    }
  }

  private async names(): Promise<string[]> {
    try {
      const entries = await readdir(this.root, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    } catch (error) {
      if (isMissing(error)) return [];
      throw fileFailure(error, `The snapshots in ${this.root} could not be read`);
    }
  }

  private async read(tag: string): Promise<Snapshot> {
    const folder = this.folderOf(tag);
    const point = parseRollbackPoint(await readFile(join(folder, ROLLBACK_POINT), 'utf8'));
    if (point.tag !== tag) throw new ManifestError('tag', `is ${point.tag}, and its folder’s name another`);
    if (point.environment !== this.environment) {
      throw new ManifestError('environment', `is ${point.environment}, and this is ${this.environment}`);
    }
    return { ...point, folder };
  }
}
