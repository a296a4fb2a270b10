import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesInWords } from '../artifacts/bytes-in-words';
import { fileFailure } from '../archive/file-failure';
import { parseBackupId } from '../backups/backup-id';
import { StepFailure } from '../backups/backup-source';
import { newestChange } from '../local/newest-change';
import { fileSystemOf } from '../space/free-space';

const PREFIXES = { drill: '.drill-', verify: '.verify-' } as const;
export type WorkKind = keyof typeof PREFIXES;

/** Whether a name in the folder of backups is that of a {@link WorkFolder}. */
export function isWorkFolder(name: string): boolean {
  return Object.values(PREFIXES).some(
    (prefix) => name.startsWith(prefix) && parseBackupId(name.slice(prefix.length)) !== undefined,
  );
}

/** A folder in which a fetched archive is looked at: `.drill-<id>` or `.verify-<id>` in the folder of backups. */
export class WorkFolder {
  private constructor(readonly path: string) {}

  /**
   * @param neededBytes that are going to be written
   * @param reserveBytes that are left free whatever is written
   * @throws StepFailure where that does not fit, or where the folder is there already
   */
  static async make(
    root: string,
    kind: WorkKind,
    id: string,
    room: { neededBytes: number; reserveBytes: number },
  ): Promise<WorkFolder> {
    const path = join(root, PREFIXES[kind] + id);
    try {
      await requireRoom(root, room);
      await mkdir(root, { recursive: true, mode: 0o700 });
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
      if (exists) throw new StepFailure(`${path} is there already: ${id} is being looked at`, false, { cause: error });
      throw fileFailure(error, `The folder ${path} could not be made`);
    }
    return new WorkFolder(path);
  }

  /**
   * Removes what those that died have left.
   * @param untouchedMs only where nothing has changed for so long; 0 where nobody else can be at it
   * @throws the file system's fault
   */
  static async sweep(root: string, kind: WorkKind, untouchedMs: number, now: Date): Promise<void> {
    for (const name of await readdir(root).catch(() => [])) {
      if (!name.startsWith(PREFIXES[kind]) || !isWorkFolder(name)) continue;
      const path = join(root, name);
      const untouched = untouchedMs === 0 ? 0 : now.getTime() - (await newestChange(path)).getTime();
      if (untouched >= untouchedMs) await rm(path, { recursive: true, force: true });
    }
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** @throws the file system's fault */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 2 });
  }
}

async function requireRoom(root: string, room: { neededBytes: number; reserveBytes: number }): Promise<void> {
  const { freeBytes, mountPoint } = await fileSystemOf(root);
  const needed = room.neededBytes + room.reserveBytes;
  if (freeBytes === undefined || freeBytes >= needed) return;
  throw new StepFailure(
    `Too little space on ${root} (file system ${mountPoint}): ${bytesInWords(freeBytes)} free, ${bytesInWords(needed)} needed, of which ${bytesInWords(room.reserveBytes)} are to stay free`,
    false,
  );
}
