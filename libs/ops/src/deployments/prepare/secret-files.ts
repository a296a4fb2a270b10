import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncToDisk } from '../../artifacts/hashed-file';
import { StepFailure } from '../../backups/backup-source';

const SECRET_BYTES = 32;

/** Made of the system's randomness; of hexadecimal digits, so that it may stand in a URL as it is. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}

/**
 * The secrets of an environment, each in a file, in a folder that nobody but its owner may enter. None is ever overwritten.
 *
 * What containers read can't be the owner's alone: each has its own few mounted, and reads them as a user of its own.
 */
export class SecretFiles {
  /** Names of those that were made by this one. */
  readonly made: string[] = [];

  /** @param readers `containers`: the files are readable to all who get into the folder, or have them mounted */
  constructor(
    readonly folder: string,
    private readonly readers: 'owner' | 'containers' = 'owner',
  ) {}

  pathOf(name: string): string {
    return join(this.folder, name);
  }

  /**
   * What the file holds; made where it is not there, whole before it has its name. Of two at once the first one's counts.
   * @throws StepFailure where there is a file that can't be read
   */
  async ensure(name: string, make: () => string): Promise<string> {
    const existing = await this.find(name);
    if (existing !== undefined) return existing;
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const path = this.pathOf(name);
    const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      const secret = make();
      await write(draft, secret, this.readers === 'owner' ? 0o600 : 0o444);
      await link(draft, path);
      await syncToDisk(this.folder);
      this.made.push(name);
      return secret;
    } catch (error) {
      const winner = isTaken(error) ? await this.find(name) : undefined;
      if (winner !== undefined) return winner;
      throw new StepFailure(`${path} can’t be written: ${(error as Error).message}`, false, { cause: error });
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** @returns undefined where there is no such file */
  async find(name: string): Promise<string | undefined> {
    const path = this.pathOf(name);
    try {
      return (await readFile(path, 'utf8')).trim();
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw new StepFailure(`${path} can’t be read (${code})`, false, { cause: error });
    }
  }
}

async function write(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    // Whatever the process's mask is.
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST';
}
