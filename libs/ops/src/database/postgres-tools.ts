import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { StepFailure } from '../backups/backup-source';
import { Processes } from '../processes/processes';
import { stopped } from './stopped';
import { ToolFolders } from './tool-folders';

export type PostgresToolName = 'pg_dump' | 'pg_restore' | 'psql';

export interface PostgresTool {
  path: string;
  /** As it tells it: `15.18`, `17beta1`. */
  version: string;
  major: number;
}

const VERSION_LIMITS = { totalMs: 10_000, stallMs: 10_000 };
/** Debian's stand-in, which chooses a release by rules of its own, other ones for each call. */
const WRAPPER = 'pg_wrapper';

/** The major version in `15.18`, `17beta1`, `9.6.24`. */
export function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

/** Finds PostgreSQL's client programs. */
@Injectable()
export class PostgresTools {
  constructor(
    private readonly processes: Processes,
    private readonly folders: ToolFolders,
  ) {}

  /**
   * The installed release of a program that is nearest to the one needed, and not older; of one release the newest. Not the
   * newest of all: from release 17 on pg_dump and pg_restore write settings that older servers refuse, so that its dump of
   * a server of release 15 could not be restored to that server.
   * @param atLeast major version: the server's for pg_dump and psql, pg_dump's own for pg_restore
   * @param because what the version is of: "the server", "the dump"
   * @throws StepFailure that says which package to install
   */
  async find(
    name: PostgresToolName,
    atLeast: { major: number; because: string },
    signal: AbortSignal,
  ): Promise<PostgresTool> {
    const { major, because } = atLeast;
    const installed = await this.installed(name, signal);
    if (signal.aborted) throw stopped(signal, `looking for ${name}`);
    installed.sort((a, b) => a.major - b.major || minorOf(b.version) - minorOf(a.version));
    const chosen = installed.find((tool) => tool.major >= major);
    if (chosen) return chosen;
    const remedy = `install the package postgresql-client-${major} (Debian, Ubuntu), or PostgreSQL's client programs of release ${major} or newer`;
    const newest = installed.at(-1);
    if (!newest) throw new StepFailure(`${name} is not installed: ${remedy}`, false);
    throw new StepFailure(
      `${name} ${newest.version} (${newest.path}) is older than ${because}, release ${major}: ${remedy}`,
      false,
    );
  }

  private async installed(name: PostgresToolName, signal: AbortSignal): Promise<PostgresTool[]> {
    const paths = new Set<string>();
    for (const folder of await this.folders.list(signal)) {
      const path = await executable(join(folder, name));
      if (path !== undefined && basename(path) !== WRAPPER) paths.add(path);
    }
    const found: PostgresTool[] = [];
    for (const path of paths) {
      const version = await this.versionOf(path, signal);
      if (version !== undefined) found.push({ path, version, major: majorOf(version) });
    }
    return found;
  }

  /** Undefined where it can't be started, or does not say. */
  private async versionOf(program: string, signal: AbortSignal): Promise<string | undefined> {
    const said = await this.processes
      .text({ program, args: ['--version'], signal, limits: VERSION_LIMITS })
      .catch(() => '');
    return /\(PostgreSQL\) (\d+\S*)/.exec(said)?.[1];
  }
}

/** A name that leads to the program, with links followed; undefined where there is none to be run. */
async function executable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    return await realpath(path);
  } catch {
    return undefined;
  }
}

/** Betas and development versions come before the first minor one. */
function minorOf(version: string): number {
  return Number(/^\d+\.(\d+)/.exec(version)?.[1] ?? -1);
}
