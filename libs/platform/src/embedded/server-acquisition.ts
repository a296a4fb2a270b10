import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import { findFreePort } from './free-port';
import { OwnerLock } from './owner-lock';
import type { PostgresBinaries } from './postgres-binaries';
import { launchPostmaster, POLL_INTERVAL, stopPostmaster } from './postmaster';
import { isPostmasterOf, readPidFile, removeStalePidFile, type PidFileState } from './postmaster-pid';
import { isRunning, isTaken } from './process-table';
import type { ServerAccount } from './server-account';

/** Milliseconds that a start may take; replaying the log after a crash is what takes long. */
const START_TIMEOUT = 120_000;

/** Milliseconds that the lock of a process which ended may outlive it. */
const DEAD_OWNER_TIMEOUT = 10_000;

/** Starts in vain, for a lost port or a dying predecessor, until giving up; and milliseconds between them. */
const MAX_LAUNCHES = 60;
const LAUNCH_INTERVAL = 200;

/** Milliseconds after which a pid file without content is a crash's remnant, not one being written. */
const TORN_FILE_AGE = 2_000;

export interface AcquisitionOptions {
  mode: 'own' | 'share';
  settings: Readonly<Record<string, string>>;
  log: (message: string) => void;
  account: ServerAccount;
  binaries: PostgresBinaries;
  clusterDir: string;
  logFile: string;
  /** Address of the maintenance database of the server on a port. */
  urlAt: (port: number) => string;
}

/** A server that accepts connections. */
export interface AcquiredServer {
  pid: number;
  port: number;
  /** Set when this process owns the server. */
  lock?: OwnerLock;
}

/**
 * Finds the running server of a cluster or starts one, and asks for its ownership. Any number of processes may do so at
 * the same time: PostgreSQL lets one server run in a cluster, and that server lets one process have the lock, which
 * need not be the process that started it.
 *
 * @throws EmbeddedPostgresError when it is to be owned and belongs to a live process, or when it does not start
 */
export async function acquireServer(options: AcquisitionOptions): Promise<AcquiredServer> {
  const acquisition = new Acquisition(options);
  try {
    return await acquisition.run();
  } catch (error) {
    await acquisition.undo();
    throw error;
  }
}

class Acquisition {
  private readonly deadline = Date.now() + START_TIMEOUT;
  /** The server that this process has started, unless another one came to own it. */
  private launchedPid: number | undefined;
  private heldByDeadSince: number | undefined;
  private launches = 0;
  private obstacle = 'it is starting or stopping';

  constructor(private readonly options: AcquisitionOptions) {}

  async run(): Promise<AcquiredServer> {
    while (Date.now() < this.deadline) {
      const file = await readPidFile(this.options.clusterDir);
      const server = await this.step(file);
      if (server) return server;
      await sleep(POLL_INTERVAL);
    }
    throw new EmbeddedPostgresError(
      `The database in ${this.options.clusterDir} did not become available within ${START_TIMEOUT / 1000} s: ` +
        `${this.obstacle} (log: ${this.options.logFile})`,
    );
  }

  /** Stops a server that was started in vain. */
  async undo(): Promise<void> {
    if (this.launchedPid !== undefined) await stopPostmaster(this.launchedPid, this.options.clusterDir);
  }

  /** Does what the state of the cluster asks for; undefined when it has to be looked at again. */
  private async step(file: PidFileState): Promise<AcquiredServer | undefined> {
    const { clusterDir } = this.options;
    switch (file.kind) {
      case 'missing':
        return this.launch();
      case 'torn':
        if (file.ageMs > TORN_FILE_AGE) await removeStalePidFile(clusterDir, undefined);
        return undefined;
      case 'present': {
        const { pid, port, status } = file.content;
        if (await isPostmasterOf(pid, clusterDir)) return status === 'ready' ? this.claim(pid, port) : undefined;
        // PostgreSQL replaces a file whose process id is unused, more carefully than can be done from here.
        if (!isTaken(pid)) return this.launch();
        await removeStalePidFile(clusterDir, pid);
        return undefined;
      }
    }
  }

  private async launch(): Promise<undefined> {
    const { settings, log } = this.options;
    const wanted = Number(settings['port']);
    const port = this.launches++ === 0 && wanted > 0 ? wanted : await findFreePort();
    const result = await launchPostmaster({ ...this.options, port, deadline: this.deadline });
    if (result.kind === 'ready') {
      this.launchedPid = result.pid;
      log(`PostgreSQL is listening on 127.0.0.1:${port} (process ${result.pid})`);
      return;
    }
    this.obstacle = result.reason;
    if (this.launches >= MAX_LAUNCHES) throw new EmbeddedPostgresError(`PostgreSQL did not start: ${result.reason}`);
    await sleep(LAUNCH_INTERVAL);
  }

  private async claim(pid: number, port: number): Promise<AcquiredServer | undefined> {
    const { clusterDir, log, mode, urlAt } = this.options;
    const claim = await OwnerLock.claim(urlAt(port), (reason) => {
      log(`The connection that marks this process as the owner of ${clusterDir} was lost: ${reason}`);
    });
    switch (claim.kind) {
      case 'unavailable':
        this.obstacle = claim.reason;
        return undefined;
      case 'acquired':
        if (this.launchedPid !== pid) log(`took over the server that was left running (process ${pid})`);
        return { pid, port, lock: claim.lock };
      case 'held':
        if (await this.mayBeReleased(claim.ownerPid)) return undefined;
        this.launchedPid = undefined;
        if (mode === 'share') return { pid, port };
        throw new EmbeddedPostgresError(refusal(clusterDir, claim.ownerPid));
    }
  }

  /** The server notices within moments that a killed owner's connection has ended. */
  private async mayBeReleased(ownerPid: number | undefined): Promise<boolean> {
    if (ownerPid !== undefined && (await isRunning(ownerPid))) return false;
    this.heldByDeadSince ??= Date.now();
    return Date.now() - this.heldByDeadSince < DEAD_OWNER_TIMEOUT;
  }
}

function refusal(clusterDir: string, ownerPid: number | undefined): string {
  const owner = ownerPid === undefined ? 'another process' : `process ${ownerPid}`;
  const remedy = ownerPid === process.pid ? 'stop it first' : 'stop that process';
  return `The database in ${clusterDir} is in use by ${owner}: ${remedy}, use another data directory, or set DATABASE_URL.`;
}
