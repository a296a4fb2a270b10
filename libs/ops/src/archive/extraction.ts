import { chmod, mkdir, readdir, rm, utimes } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { StepFailure } from '../backups/backup-source';

/** How a file stood when it was backed up. */
export interface FileFacts {
  mode: number;
  mtime: Date;
}

/**
 * A new folder that an archive is extracted to. Only checked paths are given to it (see pathProblem), it makes nothing but
 * folders and files, and no file twice: so nothing in it leads out of it.
 */
export class Extraction {
  private constructor(readonly folder: string) {}

  /** @throws StepFailure where there is something at this place already */
  static async begin(folder: string): Promise<Extraction> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const [found] = await readdir(folder);
    if (found !== undefined)
      throw new StepFailure(`${folder} is not empty; an archive is extracted to a new folder`, false);
    return new Extraction(folder);
  }

  /** A new file, readable to its owner alone until {@link complete}. */
  async file(path: string): Promise<Writable> {
    const target = this.pathOf(path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    return createWriteStream(target, { flags: 'wx', mode: 0o600 });
  }

  /** Gives a file that is written its permissions and time back. */
  async complete(path: string, { mode, mtime }: FileFacts): Promise<void> {
    await chmod(this.pathOf(path), mode & 0o777);
    await utimes(this.pathOf(path), mtime, mtime);
  }

  /** What was extracted of an archive that turned out bad is nobody's to use. */
  async undo(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private pathOf(path: string): string {
    return join(this.folder, path);
  }
}
