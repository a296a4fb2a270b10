import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { transformFile } from '@swc/core';
import { compileProgram } from '../../support/compiled-program';
import type { ArchiveOutcome, ArchiveTask } from './archive-program';

const run = promisify(execFile);
const PROGRAM = 'test/rigs/support/archive-program';

/** Archives in a process of its own, compiled: so that it can be killed, and its memory is its own. */
export class ArchiveProcess {
  /** What the last one that was killed had changed on the disk. */
  before: readonly string[] = [];

  private constructor(private readonly folder: string) {}

  static async build(): Promise<ArchiveProcess> {
    const folder = await compileProgram();
    const target = join(folder, 'dist', `${PROGRAM}.js`);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, (await transformFile(`${PROGRAM}.ts`)).code);
    return new ArchiveProcess(folder);
  }

  /** @returns undefined where it was killed, as it was told to */
  async run(task: ArchiveTask): Promise<ArchiveOutcome | undefined> {
    const args = [join(this.folder, 'dist', `${PROGRAM}.js`), JSON.stringify(task)];
    try {
      const { stdout } = await run(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '' } });
      return JSON.parse(stdout) as ArchiveOutcome;
    } catch (error) {
      const { signal, stdout } = error as { signal?: string; stdout?: string };
      if (signal === 'SIGKILL' && task.killBefore !== undefined) {
        this.before = (JSON.parse(stdout ?? '') as ArchiveOutcome).changes;
        return undefined;
      }
      throw error;
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
