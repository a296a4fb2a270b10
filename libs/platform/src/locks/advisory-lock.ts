import { createHash } from 'node:crypto';
import { Client } from 'pg';

/** The 64-bit key of a lock's name, as PostgreSQL's advisory locks want it. */
export function advisoryKey(name: string): string {
  return createHash('sha256').update(name).digest().readBigInt64BE(0).toString();
}

/**
 * A lock among all processes on one database, held by a connection of its own: it ends when the work ends or when the
 * process dies, whichever comes first, and never by a timer while the work goes on.
 */
export class AdvisoryLock {
  private constructor(private readonly client: Client) {}

  /** @returns the lock, or undefined where another process holds it */
  static async tryAcquire(databaseUrl: string, name: string): Promise<AdvisoryLock | undefined> {
    const client = await connect(databaseUrl, name);
    const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock($1::bigint) AS won', [
      advisoryKey(name),
    ]);
    if (rows[0]?.won) return new AdvisoryLock(client);
    await client.end();
    return undefined;
  }

  /** Waits for its turn. */
  static async acquire(databaseUrl: string, name: string): Promise<AdvisoryLock> {
    const client = await connect(databaseUrl, name);
    await client.query('SELECT pg_advisory_lock($1::bigint)', [advisoryKey(name)]);
    return new AdvisoryLock(client);
  }

  async release(): Promise<void> {
    await this.client.end();
  }
}

async function connect(databaseUrl: string, name: string): Promise<Client> {
  const client = new Client({
    connectionString: databaseUrl,
    application_name: `tiptop lock ${name}`,
    keepAlive: true,
  });
  // A connection lost while the lock is held shows itself at release; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
