import type { Stats } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { StepFailure } from '../backups/backup-source';

/** What stands for bytes that are no UTF-8. */
const REPLACED = '\uFFFD';

/** How following a link fails that has no target, or only itself. */
const LEADS_NOWHERE: readonly string[] = ['ENOENT', 'ENOTDIR', 'ELOOP'];

export interface FoundFile {
  /** Below the root, with `/`; empty where the root itself is the file. */
  path: string;
  /** Where its bytes are, without a link on the way. */
  real: string;
  bytes: number;
}

export interface FoundLink {
  path: string;
  /** As the link has it. */
  target: string;
}

/** What is not among the files, and why, in words that stand after its name. */
export interface Omission {
  path: string;
  why: string;
}

export interface Tree {
  files: readonly FoundFile[];
  links: readonly FoundLink[];
  /** Links that lead out or nowhere, and what is neither file nor folder. */
  omitted: readonly Omission[];
  /** Folders that this user may not read, for one. */
  unreadable: readonly { path: string; error: unknown }[];
}

export interface TreeOptions {
  /** Real paths. A link is followed into them, and nowhere else. */
  within: readonly string[];
  /** What of it is looked at; everything where there is none. A link is asked for as whatever it leads to. */
  wants?: (path: string, kind: 'file' | 'folder') => boolean;
  /** More files are taken for a mistake. */
  mostFiles: number;
  signal: AbortSignal;
}

/**
 * What stands below a path, which may be a file, or a link: whoever has named it means what it leads to.
 * @throws the file system's fault where the path itself can't be looked at; StepFailure for too many files
 */
export async function readTree(root: string, options: TreeOptions): Promise<Tree> {
  const real = await realpath(root);
  const reader = new TreeReader(root, options);
  if ((await lstat(root)).isSymbolicLink()) reader.links.push({ path: '', target: await readlink(root) });
  await reader.visit('', real, await stat(real), []);
  return reader;
}

class TreeReader implements Tree {
  readonly files: FoundFile[] = [];
  readonly links: FoundLink[] = [];
  readonly omitted: Omission[] = [];
  readonly unreadable: { path: string; error: unknown }[] = [];

  constructor(
    private readonly root: string,
    private readonly options: TreeOptions,
  ) {}

  /** @param above real paths of the folders that this one stands in, the way it was come to */
  async visit(path: string, real: string, stats: Stats, above: readonly string[]): Promise<void> {
    if (stats.isDirectory()) {
      if (above.includes(real)) this.omitted.push({ path, why: `is a link back to ${real}, which it stands in` });
      else await this.visitAll(path, real, [...above, real]);
    } else if (stats.isFile()) {
      this.addFile({ path, real, bytes: stats.size });
    } else {
      this.omitted.push({ path, why: `is ${kindOf(stats)}` });
    }
  }

  private async visitAll(folder: string, real: string, above: readonly string[]): Promise<void> {
    this.options.signal.throwIfAborted();
    const names = await this.attempt(folder, () => readdir(real));
    for (const name of names?.sort() ?? []) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (name.includes(REPLACED)) {
        this.omitNameless(path);
        continue;
      }
      const stats = await this.attempt(path, () => lstat(join(real, name)));
      if (stats?.isSymbolicLink()) await this.visitLink(path, join(real, name), above);
      else if (stats && this.wants(path, stats)) await this.visit(path, join(real, name), stats, above);
    }
  }

  /** It can't even be looked at by the name that it was read as. */
  private omitNameless(path: string): void {
    const { wants = () => true } = this.options;
    if (wants(path, 'file') || wants(path, 'folder')) this.omitted.push({ path, why: 'has a name that is not UTF-8' });
  }

  private async visitLink(path: string, link: string, above: readonly string[]): Promise<void> {
    const { wants = () => true, within } = this.options;
    if (!wants(path, 'file') && !wants(path, 'folder')) return;
    const target = await this.attempt(path, () => readlink(link));
    if (target === undefined) return;
    const followed = await follow(link);
    if ('error' in followed) {
      this.links.push({ path, target });
      // Nobody knows whether it would have been wanted.
      if (LEADS_NOWHERE.includes(codeOf(followed.error))) {
        this.omitted.push({ path, why: `is a link to ${target}, where there is nothing` });
      } else {
        this.unreadable.push({ path, error: followed.error });
      }
      return;
    }
    const { real, stats } = followed;
    if (this.wants(path, stats)) {
      this.links.push({ path, target });
      const inside = within.some((root) => real === root || real.startsWith(root.endsWith(sep) ? root : root + sep));
      if (inside) await this.visit(path, real, stats, above);
      else this.omitted.push({ path, why: `is a link to ${real}, which is in none of the paths to be saved` });
    }
  }

  private wants(path: string, stats: Stats): boolean {
    return this.options.wants?.(path, stats.isDirectory() ? 'folder' : 'file') ?? true;
  }

  private addFile(file: FoundFile): void {
    this.files.push(file);
    if (this.files.length > this.options.mostFiles) {
      throw new StepFailure(`${this.root} holds more than ${this.options.mostFiles} files`, false);
    }
  }

  /** @returns undefined where it is gone meanwhile, or can't be read */
  private async attempt<T>(path: string, look: () => Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.unreadable.push({ path, error });
      return undefined;
    }
  }
}

async function follow(link: string): Promise<{ real: string; stats: Stats } | { error: unknown }> {
  try {
    const real = await realpath(link);
    return { real, stats: await stat(real) };
  } catch (error) {
    return { error };
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function kindOf(stats: Stats): string {
  if (stats.isSocket()) return 'a socket';
  if (stats.isFIFO()) return 'a pipe';
  return 'a device';
}
