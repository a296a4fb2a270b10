import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Processes } from '../processes/processes';

/** Where distributions keep each release's programs in a folder of its own: Debian and its kin, Red Hat and its kin. */
const RELEASES: readonly [parent: string, name: RegExp, below: string][] = [
  ['/usr/lib/postgresql', /^\d+$/, 'bin'],
  ['/usr', /^pgsql-\d+$/, 'bin'],
];
const COMMON = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/bin',
  '/usr/local/pgsql/bin',
  '/opt/homebrew/bin',
  '/opt/homebrew/opt/libpq/bin',
  '/usr/local/opt/libpq/bin',
];
const LIMITS = { totalMs: 10_000, stallMs: 10_000 };

/** Folders in which PostgreSQL's client programs may stand. */
@Injectable()
export class ToolFolders {
  constructor(private readonly processes: Processes) {}

  async list(signal: AbortSignal): Promise<string[]> {
    const releases = await Promise.all(RELEASES.map(async ([parent, name, below]) => foldersIn(parent, name, below)));
    const told = await this.processes
      .text({ program: 'pg_config', args: ['--bindir'], signal, limits: LIMITS })
      .catch(() => '');
    return [...releases.flat(), told.trim(), ...COMMON].filter((folder) => folder !== '');
  }
}

async function foldersIn(parent: string, name: RegExp, below: string): Promise<string[]> {
  const names = await readdir(parent).catch(() => []);
  return names.filter((found) => name.test(found)).map((found) => join(parent, found, below));
}
