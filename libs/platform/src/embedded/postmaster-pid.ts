import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { codeOf } from './embedded-postgres-error';
import { commandLineOf } from './process-table';

/**
 * What a server writes about itself to `postmaster.pid` in its cluster; one item per line, see
 * https://github.com/postgres/postgres/blob/REL_15_STABLE/src/include/utils/pidfile.h
 */
export interface PostmasterPid {
  pid: number;
  /** TCP port, 0 until the server has written it. */
  port: number;
  /** `starting`, `ready`, `stopping`, or empty while the server has not got that far. */
  status: string;
}

/** A cluster without a pid file, with one that is not (yet) complete, or with a full one. */
export type PidFileState =
  { kind: 'missing' } | { kind: 'torn'; ageMs: number } | { kind: 'present'; content: PostmasterPid };

function pidFileOf(clusterDir: string): string {
  return join(clusterDir, 'postmaster.pid');
}

/** Takes the text of a postmaster.pid apart; undefined when it does not even hold a process id. */
export function parsePostmasterPid(text: string): PostmasterPid | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  // A negative id marks a stand-alone backend, which has no port.
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
  if (!Number.isSafeInteger(pid) || pid === 0) return undefined;
  const port = Number.parseInt(lines[3] ?? '', 10);
  return { pid, port: Number.isSafeInteger(port) ? port : 0, status: lines[7] ?? '' };
}

export async function readPidFile(clusterDir: string): Promise<PidFileState> {
  const file = pidFileOf(clusterDir);
  try {
    const content = parsePostmasterPid(await readFile(file, 'utf8'));
    if (content) return { kind: 'present', content };
    return { kind: 'torn', ageMs: Date.now() - (await stat(file)).mtimeMs };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'missing' };
    throw error;
  }
}

/**
 * Removes a pid file whose process is not a server of this cluster. PostgreSQL itself only overwrites one whose process
 * id is unused, and refuses to start while an unrelated program happens to have it.
 *
 * Should a server appear between the last look and the removal, its shared memory block, found by the inode of the
 * cluster and not by this file, still keeps a second one out.
 */
export async function removeStalePidFile(clusterDir: string, stalePid: number | undefined): Promise<void> {
  const now = await readPidFile(clusterDir);
  if (now.kind === 'missing') return;
  if ((now.kind === 'present' ? now.content.pid : undefined) !== stalePid) return;
  await rm(pidFileOf(clusterDir), { force: true });
}

/** Whether a process is the server of this cluster, and not another program that was given its process id. */
export async function isPostmasterOf(pid: number, clusterDir: string): Promise<boolean> {
  const [program, flag, folder] = await commandLineOf(pid);
  if (basename(program ?? '') !== 'postgres' || flag !== '-D' || folder === undefined) return false;
  if (folder === clusterDir) return true;
  try {
    // The same folder is known by several paths when a link or a bind mount leads to it.
    const [theirs, ours] = await Promise.all([stat(folder), stat(clusterDir)]);
    return theirs.dev === ours.dev && theirs.ino === ours.ino;
  } catch (error) {
    // A folder that was moved under its running server: taking that server for a stranger would be the costlier error.
    return codeOf(error) === 'ENOENT';
  }
}
