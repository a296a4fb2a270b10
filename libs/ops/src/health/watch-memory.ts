import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TROUBLE_KINDS, type TroubleKind } from './backup-troubles';

/** In the folder of backups. */
export const WATCH_FILE = '.backup-watch.json';

/** Of which troubles people were told that are not over: in a file, so that a restart does not tell them again. */
export class WatchMemory {
  constructor(private readonly path: string) {}

  /** What can't be read was never told: rather twice than not at all. */
  async recall(): Promise<Set<TroubleKind>> {
    const text = await readFile(this.path, 'utf8').catch(() => '[]');
    return new Set(kindsIn(text));
  }

  /** @throws the file system's fault */
  async keep(told: ReadonlySet<TroubleKind>): Promise<void> {
    if (told.size === 0) {
      await rm(this.path, { force: true });
      return;
    }
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const unfinished = `${this.path}.tmp`;
    await writeFile(unfinished, `${JSON.stringify([...told])}\n`, { mode: 0o600 });
    await rename(unfinished, this.path);
  }
}

function kindsIn(text: string): TroubleKind[] {
  try {
    const kinds: unknown = JSON.parse(text);
    return Array.isArray(kinds) ? TROUBLE_KINDS.filter((kind) => kinds.includes(kind)) : [];
  } catch {
    return [];
  }
}
