import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig, Clock } from '@tiptop/platform';
import { ArchiveFault } from '../archive/archive-fault';
import { requireSha256, requireSize } from '../archive/archive-integrity';
import { fileFailure } from '../archive/file-failure';
import { syncToDisk } from '../artifacts/hashed-file';
import { archiveName, manifestName } from '../backups/backup-id';
import { StepFailure } from '../backups/backup-source';
import type { Manifest } from '../backups/manifest';
import { ManifestError } from '../backups/manifest-fields';
import { parseManifest } from '../backups/manifest-parser';
import { manifestText } from '../backups/manifest-text';
import { listLocal, type LocalBackup, type LocalListing, readLocal } from './local-listing';
import { type LocalPlaces, placesOf } from './local-places';
import { newestChange } from './newest-change';

const DAY_MS = 86_400_000;

/** Which partial folders go. */
export interface SweepOptions {
  /** Of runs that are known to be dead. */
  dead?: readonly string[];
  /** Never: of the run that asks. */
  except?: string;
}

/**
 * The local folder of backups, BACKUP_DIR: `<kind>/<id>.tar.age` and `<kind>/<id>.manifest.json`. A backup is there when its
 * manifest is, and its manifest is there only while its archive is. On the way in and on the way out its parts stand in
 * `.<id>.partial`, which also tells {@link sweep} what a crash in the middle left behind.
 */
@Injectable()
export class LocalBackups {
  private readonly root: string;

  constructor(
    { ops }: AppConfig,
    private readonly clock: Clock,
  ) {
    this.root = ops.backupDir;
  }

  /**
   * Makes the folder that a run works in, for this account alone.
   * @returns its path
   * @throws StepFailure
   */
  async create(id: string): Promise<string> {
    const { partial } = placesOf(this.root, id);
    try {
      await mkdir(this.root, { recursive: true, mode: 0o700 });
      await mkdir(partial, { mode: 0o700 });
      await syncToDisk(this.root);
    } catch (error) {
      const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
      if (exists) throw new StepFailure(`${partial} is there already, of another run`, false, { cause: error });
      throw fileFailure(error, `The folder ${partial} could not be made`);
    }
    return partial;
  }

  /**
   * Turns the archive in a run's partial folder into a backup: whole, or not at all, whenever the machine falls. May be
   * called again after a failure.
   * @throws StepFailure
   */
  async publish(manifest: Manifest): Promise<LocalBackup> {
    const { id } = manifest;
    const places = placesOf(this.root, id);
    const text = manifestText(manifest);
    try {
      // What nobody could read later is no backup.
      parseManifest(text);
      if (await this.isPublished(places, id, text)) {
        await this.discard(places);
        return await readLocal(this.root, id);
      }
      await writeToDisk(join(places.partial, manifestName(id)), text);
      await mkdir(places.folder, { recursive: true, mode: 0o700 });
      await syncToDisk(this.root);
      await this.moveArchive(places, manifest);
      await this.move(join(places.partial, manifestName(id)), places.manifest, places);
      await this.discard(places);
      return await readLocal(this.root, id);
    } catch (error) {
      throw failureOf(error, `The backup ${id} could not be put into its place`);
    }
  }

  /**
   * What the folder holds: backups, and what is none.
   * @throws StepFailure where it can't be read
   */
  async list(): Promise<LocalListing> {
    return listLocal(this.root);
  }

  /** @throws StepFailure where there is no such backup, or its manifest is not sound */
  async get(id: string): Promise<LocalBackup> {
    try {
      return await readLocal(this.root, id);
    } catch (error) {
      throw failureOf(error, `There is no sound local backup ${id}`);
    }
  }

  /**
   * Hashes a backup's archive in full and holds it against its manifest, which holds itself. No key is needed.
   * @throws ArchiveFault, StepFailure
   */
  async verify(id: string, signal: AbortSignal): Promise<LocalBackup> {
    const local = await this.get(id);
    try {
      await requireSha256(local.archivePath, local.manifest, undefined, signal);
    } catch (error) {
      throw fileFailure(error, `The local backup ${id} could not be read`, signal);
    }
    return local;
  }

  /**
   * Removes a backup: its manifest first, as it came last. A crash in the middle leaves no backup, and what is left to
   * {@link sweep}.
   * @returns bytes that are free again
   * @throws StepFailure
   */
  async remove(id: string): Promise<number> {
    const places = placesOf(this.root, id);
    try {
      const { size } = await stat(places.manifest);
      const archiveBytes = await sizeOf(places.archive);
      await mkdir(places.partial, { recursive: true, mode: 0o700 });
      await syncToDisk(this.root);
      await this.move(places.manifest, join(places.partial, manifestName(id)), places);
      if (archiveBytes !== undefined) await this.withdrawArchive(places, id);
      await this.discard(places);
      return size + (archiveBytes ?? 0);
    } catch (error) {
      throw failureOf(error, `The local backup ${id} could not be removed`);
    }
  }

  /**
   * Removes the partial folders of dead runs, and those in which nothing has changed for a day; with an archive that came
   * without its manifest from there or on the way there.
   * @returns whose folders were removed
   * @throws StepFailure
   */
  async sweep({ dead = [], except }: SweepOptions = {}): Promise<string[]> {
    const swept: string[] = [];
    for (const { id, path } of (await this.list()).partials) {
      if (id === except) continue;
      try {
        if (!dead.includes(id) && !(await this.isStale(path))) continue;
        const places = placesOf(this.root, id);
        if ((await sizeOf(places.manifest)) === undefined && (await sizeOf(places.archive)) !== undefined) {
          await this.withdrawArchive(places, id);
        }
        await this.discard(places);
        swept.push(id);
      } catch (error) {
        throw failureOf(error, `What is left of ${id} could not be removed`);
      }
    }
    return swept;
  }

  private async isStale(partial: string): Promise<boolean> {
    const changed = await newestChange(partial);
    return this.clock.now().getTime() - changed.getTime() > DAY_MS;
  }

  /** @throws StepFailure where another backup has the name */
  private async isPublished({ manifest, archive, partial }: LocalPlaces, id: string, text: string): Promise<boolean> {
    const there = (await sizeOf(manifest)) === undefined ? undefined : await readFile(manifest, 'utf8');
    const archives = [await sizeOf(archive), await sizeOf(join(partial, archiveName(id)))];
    const strange = there === undefined ? archives.every((size) => size !== undefined) : there !== text;
    if (strange) throw new StepFailure(`There is a backup ${id} already, and it is not replaced`, false);
    return there !== undefined;
  }

  /** It may be in its place already: from a call that failed after that. */
  private async moveArchive(places: LocalPlaces, manifest: Manifest): Promise<void> {
    const unmoved = join(places.partial, archiveName(manifest.id));
    const size = await sizeOf(unmoved);
    if (size === undefined) {
      requireSize(places.archive, (await stat(places.archive)).size, manifest);
      return;
    }
    requireSize(unmoved, size, manifest);
    await syncToDisk(unmoved);
    await this.move(unmoved, places.archive, places);
  }

  private async withdrawArchive(places: LocalPlaces, id: string): Promise<void> {
    await this.move(places.archive, join(places.partial, archiveName(id)), places);
  }

  /** Between a backup's two folders, and on to the disk before anything else happens: what comes later is later there too. */
  private async move(from: string, to: string, { folder, partial }: LocalPlaces): Promise<void> {
    await rename(from, to);
    await syncToDisk(folder);
    await syncToDisk(partial);
  }

  private async discard({ partial }: LocalPlaces): Promise<void> {
    await rm(partial, { recursive: true, force: true });
    await syncToDisk(this.root);
  }
}

async function writeToDisk(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @returns undefined where there is no such file */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function failureOf(error: unknown, what: string): StepFailure {
  if (error instanceof ManifestError)
    return new ArchiveFault('manifest', `${what}: ${error.message}`, { cause: error });
  return fileFailure(error, what);
}
