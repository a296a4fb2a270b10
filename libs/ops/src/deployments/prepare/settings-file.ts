import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseEnv } from 'node:util';
import { syncToDisk } from '../../artifacts/hashed-file';
import { StepFailure } from '../../backups/backup-source';

export type Settings = Readonly<Record<string, string>>;

/** As compose, Node.js and a shell read it alike without quotes. */
const PLAIN = /^[A-Za-z0-9_./:,@%+=?&*-]*$/;

/** The `.env` of an environment: what compose puts into its files, and what tiptop on this host runs with. */
export class SettingsFile {
  constructor(readonly path: string) {}

  /** @returns nothing where there is no file */
  async read(): Promise<Settings> {
    const text = await this.text();
    // An empty value is none: compose's default holds.
    return Object.fromEntries(Object.entries(parseEnv(text ?? '')).filter(([, value]) => value !== '')) as Settings;
  }

  /**
   * Writes what is asked for, and what is missing; everything else stays as it is, comments included.
   * @param asked replaces what stands there
   * @param missing is added where nothing of the name has a value
   * @returns the names that were written
   * @throws StepFailure where a value is one that compose and Node.js would read differently
   */
  async merge(asked: Settings, missing: Settings, heading: string): Promise<string[]> {
    const text = await this.text();
    const before = await this.read();
    const due = Object.entries({ ...missing, ...asked }).filter(([name, value]) => {
      const present = before[name];
      return name in asked ? present !== value : present === undefined;
    });
    for (const [name, value] of due) {
      if (!PLAIN.test(value)) {
        throw new StepFailure(`${name} can’t stand in ${this.path}: it has spaces, quotes or other signs in it`, false);
      }
    }
    if (due.length === 0 && text !== undefined) return [];
    const names = new Set(due.map(([name]) => name));
    const kept = (text ?? `${heading}\n`).split('\n').filter((line) => !names.has(nameIn(line)));
    while (kept.at(-1) === '') kept.pop();
    const lines = [...kept, ...due.map(([name, value]) => `${name}=${value}`), ''];
    await this.replace(lines.join('\n'));
    return [...names];
  }

  private async text(): Promise<string | undefined> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw new StepFailure(`${this.path} can’t be read (${code})`, false, { cause: error });
    }
  }

  private async replace(text: string): Promise<void> {
    const draft = `${this.path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, this.path);
      await syncToDisk(dirname(this.path));
    } catch (error) {
      throw new StepFailure(`${this.path} can’t be written: ${(error as Error).message}`, false, { cause: error });
    } finally {
      await rm(draft, { force: true });
    }
  }
}

function nameIn(line: string): string {
  return /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1] ?? '';
}
