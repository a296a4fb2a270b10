import { Client, DatabaseError } from 'pg';
import { codeOf, EmbeddedPostgresError, messageOf } from './embedded-postgres-error';

/** The two halves of the advisory lock's key, "tipt" and "owne" in ASCII. */
const LOCK_KEY: readonly [number, number] = [0x74697074, 0x6f776e65];

const APPLICATION_NAME = /^tiptop-owner:(\d+)$/;

/** Milliseconds that a server which says it is ready may take to answer. */
const CONNECT_TIMEOUT = 5_000;

/** What came of asking for the lock. */
export type Claim =
  | { kind: 'acquired'; lock: OwnerLock }
  /** `ownerPid` is undefined when the holder ended in the meantime. */
  | { kind: 'held'; ownerPid: number | undefined }
  /** The server is starting or stopping: ask again. */
  | { kind: 'unavailable'; reason: string };

/** The name under which an owner's connection shows in pg_stat_activity. */
export function ownerApplicationName(pid: number): string {
  return `tiptop-owner:${pid}`;
}

/** The process id in an owner's application name; undefined for any other name. */
export function parseOwnerApplicationName(name: string): number | undefined {
  const pid = APPLICATION_NAME.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/**
 * Marks this process as the one that the server belongs to: an advisory lock of a connection kept for it, which
 * PostgreSQL releases when the process ends, however it ends.
 */
export class OwnerLock {
  private released = false;

  private constructor(private readonly client: Client) {}

  /**
   * Asks for the lock once.
   *
   * @param url of the maintenance database `postgres`: advisory locks count within one database
   * @param onLost told when the connection ends before {@link release}
   * @throws EmbeddedPostgresError when the server refuses for a reason that waiting does not change
   */
  static async claim(url: string, onLost: (reason: string) => void): Promise<Claim> {
    const client = new Client({
      connectionString: url,
      application_name: ownerApplicationName(process.pid),
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      keepAlive: true,
      // PGSSLMODE of the environment is meant for another server.
      ssl: false,
    });
    const lock = new OwnerLock(client);
    let acquired = false;
    const report = (reason: string): void => {
      if (!acquired || lock.released) return;
      lock.released = true;
      onLost(reason);
    };
    client.on('error', (error) => {
      report(error.message);
    });
    client.on('end', () => {
      report('the connection was closed');
    });
    try {
      await client.connect();
      acquired = await lock.tryLock();
      if (acquired) return { kind: 'acquired', lock };
      return { kind: 'held', ownerPid: await lock.findHolder() };
    } catch (error) {
      if (isLasting(error)) {
        throw new EmbeddedPostgresError(`The embedded database refuses its owner: ${messageOf(error)}`, {
          cause: error,
        });
      }
      return { kind: 'unavailable', reason: messageOf(error) };
    } finally {
      if (!acquired) await lock.release();
    }
  }

  /** Ends the connection, and with it the lock. Does nothing when it is gone already. */
  async release(): Promise<void> {
    this.released = true;
    await this.client.end().catch(() => undefined);
  }

  /** The connection's end is expected from now on: the server is about to be stopped. */
  expectLoss(): void {
    this.released = true;
  }

  private async tryLock(): Promise<boolean> {
    const { rows } = await this.client.query<{ acquired: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS acquired', [
      ...LOCK_KEY,
    ]);
    return rows[0]?.acquired === true;
  }

  private async findHolder(): Promise<number | undefined> {
    const { rows } = await this.client.query<{ application_name: string }>(
      `SELECT activity.application_name
         FROM pg_locks AS lock JOIN pg_stat_activity AS activity USING (pid)
        WHERE lock.locktype = 'advisory' AND lock.granted
          AND lock.classid = $1 AND lock.objid = $2 AND lock.objsubid = 2`,
      [...LOCK_KEY],
    );
    return rows[0] && parseOwnerApplicationName(rows[0].application_name);
  }
}

/** Class 57P: the server is starting, stopping or has just crashed. Errors that are not the server's are the network's. */
function isLasting(error: unknown): boolean {
  return error instanceof DatabaseError && !codeOf(error)?.startsWith('57P');
}
