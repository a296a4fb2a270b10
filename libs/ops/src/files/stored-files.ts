import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../artifacts/hashed-file';
import type { BackupContext } from '../backups/backup-source';
import type { Artifact } from '../backups/manifest';
import { pathProblem } from '../backups/manifest-path';
import { emptyFolder } from './empty-folder';
import { copyFile, NotAFile } from './file-copy';
import { fileFailure } from './file-fault';
import { shownName } from './shown-name';

/** The files of a step as they come into the partial folder, below a folder of their own. */
export class StoredFiles {
  readonly artifacts: Artifact[] = [];
  /** What makes the run degraded. */
  readonly warnings: string[] = [];
  private readonly paths = new Set<string>();

  private constructor(
    private readonly context: BackupContext,
    private readonly prefix: string,
  ) {}

  /**
   * Clears away what an earlier attempt has left.
   * @throws StepFailure
   */
  static async begin(context: BackupContext, prefix: string): Promise<StoredFiles> {
    await emptyFolder(join(context.folder, prefix));
    return new StoredFiles(context, prefix);
  }

  get bytes(): number {
    return this.artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  has(path: string): boolean {
    return this.paths.has(path);
  }

  /**
   * Copies a file. One that has gone since it was found, or become something else, is a warning; so is one whose name
   * can't stand in an archive. A file that is there already stays.
   * @param shown its name for a person
   * @throws the file system's fault
   */
  async copy(real: string, path: string, shown: string): Promise<void> {
    if (this.paths.has(path)) return;
    const problem = pathProblem(`${this.prefix}/${path}`);
    if (problem !== undefined) {
      this.warnings.push(`${shownName(shown)} was left out: its name ${problem}`);
      return;
    }
    try {
      const { unsettled, ...hashed } = await copyFile(real, this.place(path), this.context.signal);
      if (unsettled) this.warnings.push(`${shownName(shown)} kept changing while it was copied`);
      this.add(path, hashed);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!(error instanceof NotAFile) && code !== 'ENOENT' && code !== 'ELOOP') throw error;
      await rm(this.place(path), { force: true });
      this.warnings.push(`${shownName(shown)} was there, and gone when it was to be copied`);
    }
  }

  /**
   * Writes a file of our own making: beside a copied one of that name, with `_` before its own.
   * @throws StepFailure
   */
  async write(name: string, text: string): Promise<void> {
    const path = this.has(name) ? `_${name}` : name;
    try {
      await writeFile(this.place(path), text, { mode: 0o600 });
      this.add(path, await hashFile(this.place(path), this.context.signal));
    } catch (error) {
      throw fileFailure(`${this.prefix}/${path}`, error);
    }
  }

  private add(path: string, hashed: Omit<Artifact, 'path'>): void {
    this.paths.add(path);
    this.artifacts.push({ path: `${this.prefix}/${path}`, ...hashed });
  }

  private place(path: string): string {
    return join(this.context.folder, this.prefix, path);
  }
}
