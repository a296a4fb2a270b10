import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError, messageOf } from './embedded-postgres-error';
import type { PostgresBinaries } from './postgres-binaries';
import { isPostmasterOf, readPidFile } from './postmaster-pid';
import { childrenOf, isRunning, signal } from './process-table';
import type { ServerAccount } from './server-account';
import { serverArguments } from './server-settings';

/** Milliseconds between two looks at a process or its pid file. */
export const POLL_INTERVAL = 20;

/** Lines of the log quoted when a start fails. */
const QUOTED_LINES = 8;

/** What a server writes before it exits for a reason that trying again can change. */
const PASSING_FAILURES = [
  // Another program has taken the port since it was found free.
  'could not create any TCP/IP sockets',
  // Another process started this cluster first.
  'lock file "postmaster.pid"',
  // Connections of a killed server have not noticed its end yet.
  'pre-existing shared memory block',
];

export interface LaunchOptions {
  binaries: PostgresBinaries;
  account: ServerAccount;
  clusterDir: string;
  port: number;
  settings: Readonly<Record<string, string>>;
  logFile: string;
  /** Moment, in milliseconds since the epoch, by which the server has to be ready. */
  deadline: number;
}

export type LaunchResult = { kind: 'ready'; pid: number } | { kind: 'retry'; reason: string };

/**
 * Starts a server and waits until it accepts connections.
 *
 * @throws EmbeddedPostgresError with the log's last lines when it exits; it has been stopped when it was too slow
 */
export async function launchPostmaster(options: LaunchOptions): Promise<LaunchResult> {
  const { account, clusterDir, logFile } = options;
  const log = await open(logFile, 'a', 0o600);
  const outcome: { exit?: string } = {};
  let offset: number;
  let pid: number | undefined;
  try {
    // Whoever owns the cluster shall be able to start it without root the next time.
    await account.own(logFile);
    offset = (await log.stat()).size;
    const child = account.launch(
      options.binaries.postgres,
      serverArguments(clusterDir, options.port, options.settings),
      log.fd,
    );
    child.once('exit', (code, by) => {
      outcome.exit = by === null ? `exit code ${String(code)}` : by;
    });
    await once(child, 'spawn');
    pid = child.pid;
  } catch (error) {
    throw new EmbeddedPostgresError(`PostgreSQL could not be started: ${messageOf(error)}`, { cause: error });
  } finally {
    await log.close();
  }
  if (pid === undefined) throw new EmbeddedPostgresError('PostgreSQL could not be started: it has no process id');

  while (Date.now() < options.deadline) {
    if (outcome.exit !== undefined) return explainExit(outcome.exit, await writtenSince(logFile, offset), logFile);
    const file = await readPidFile(clusterDir);
    if (file.kind === 'present' && file.content.pid === pid && file.content.status === 'ready') {
      return { kind: 'ready', pid };
    }
    await sleep(POLL_INTERVAL);
  }
  await stopPostmaster(pid, clusterDir);
  throw new EmbeddedPostgresError(
    `PostgreSQL was not ready in time: ${lastLines(await writtenSince(logFile, offset))} (log: ${logFile})`,
  );
}

/** How long each kind of shutdown may take, in milliseconds. */
export interface Patience {
  fast: number;
  immediate: number;
  kill: number;
}

/**
 * Stops a server and waits for the end of its processes: first the fast shutdown, which rolls open transactions back,
 * then without a checkpoint, then by force. Does nothing when the process is not (any more) a server of this cluster.
 *
 * @throws EmbeddedPostgresError when it survives all of them
 */
export async function stopPostmaster(
  pid: number,
  clusterDir: string,
  patience: Patience = { fast: 30_000, immediate: 10_000, kill: 10_000 },
): Promise<void> {
  if (!(await isPostmasterOf(pid, clusterDir))) return;
  signal(pid, 'SIGINT');
  if (await endsWithin(pid, clusterDir, patience.fast)) return;
  signal(pid, 'SIGQUIT');
  if (await endsWithin(pid, clusterDir, patience.immediate)) return;
  const children = await childrenOf(pid);
  signal(pid, 'SIGKILL');
  // A connection busy with a long statement would go on without its server.
  for (const child of children) signal(child, 'SIGKILL');
  const deadline = Date.now() + patience.kill;
  for (const process of [pid, ...children]) {
    while ((await isRunning(process)) && Date.now() < deadline) await sleep(POLL_INTERVAL);
  }
  if (await isPostmasterOf(pid, clusterDir)) {
    throw new EmbeddedPostgresError(`The PostgreSQL server of ${clusterDir} (process ${pid}) could not be stopped.`);
  }
}

async function endsWithin(pid: number, clusterDir: string, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (await isPostmasterOf(pid, clusterDir)) {
    if (Date.now() >= deadline) return false;
    await sleep(POLL_INTERVAL);
  }
  return true;
}

function explainExit(exit: string, written: string, logFile: string): LaunchResult {
  if (PASSING_FAILURES.some((failure) => written.includes(failure))) {
    return { kind: 'retry', reason: lastLines(written) };
  }
  throw new EmbeddedPostgresError(`PostgreSQL did not start (${exit}): ${lastLines(written)} (log: ${logFile})`);
}

/** What was written to the log after an offset in bytes, at most its last 16 KiB. */
async function writtenSince(file: string, offset: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(offset, size - 16_384);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(size - start, 0)), { position: start });
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await handle.close();
  }
}

function lastLines(text: string): string {
  return text === '' ? 'it wrote nothing' : text.split('\n').slice(-QUOTED_LINES).join('\n');
}
