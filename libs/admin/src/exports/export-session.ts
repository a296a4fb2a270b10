import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StatementReader } from '@tiptop/game';
import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Place } from '../tickets/ticket-filter';

const APPLICATION = 'tiptop export';
const CONNECT_LIMIT_MS = 3000;
/** Of a statement that is waited for before anything is sent: as everywhere else in the service. */
const STATEMENT_LIMIT_MS = 10_000;

/** How often, and how far apart, it is looked whether the server has something else to do. */
const LOOKS = 3;
const BETWEEN_LOOKS_MS = 10;

/**
 * A connection of an export's own, in one transaction that only reads: all it reads is of the same moment, the pool is
 * left to the players, and no limit meant for short statements cuts a long download off.
 */
export class ExportSession implements StatementReader {
  /** A COPY takes no parameters. */
  readonly place: Place = (value) => this.client.escapeLiteral(value);
  private reading: Readable | undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly client: Client,
    private readonly backend: number,
    private readonly others: StatementReader,
  ) {}

  /** @param others connections by which a statement of this one can be cancelled */
  static async open(databaseUrl: string, others: StatementReader): Promise<ExportSession> {
    const client = new Client({
      connectionString: databaseUrl,
      application_name: APPLICATION,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      keepAlive: true,
    });
    // Told to whoever waits for a row; without a listener a lost connection would end the process.
    client.on('error', () => undefined);
    await client.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await client.query(
        `SET LOCAL statement_timeout = ${STATEMENT_LIMIT_MS}; SET LOCAL idle_in_transaction_session_timeout = 0;
         SET LOCAL datestyle = 'ISO, YMD'`,
      );
      // One process of the server and no more: the others are the players'.
      if (await isBusy(client)) await client.query('SET LOCAL max_parallel_workers_per_gather = 0');
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      return new ExportSession(client, rows[0]?.pid ?? 0, others);
    } catch (error) {
      await client.end();
      throw error;
    }
  }

  async query<T>(sql: string, parameters: unknown[]): Promise<T> {
    return (await this.client.query(sql, parameters)).rows as T;
  }

  /** The output of a COPY as it arrives; the server waits where nobody reads. */
  async copy(sql: string): Promise<Readable> {
    await this.client.query('SET LOCAL statement_timeout = 0');
    const stream: Readable = this.client.query(copyTo(sql));
    // Whoever reads is told; an error that comes before they do must not end the process.
    stream.on('error', () => undefined);
    this.reading = stream;
    stream.once('close', () => {
      if (stream.readableEnded) this.reading = undefined;
    });
    return stream;
  }

  /** Ends the connection, and a statement that is still under way with it. It may be called again. */
  async close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    const { reading } = this;
    if (!reading) {
      await this.client.end();
      return;
    }
    reading.destroy();
    // A server process that sends notices a connection that is gone; one that still sorts has to be told.
    const gone = this.client.end();
    await this.cancel().catch(() => undefined);
    await gone;
  }

  private async cancel(): Promise<void> {
    // By its name as well: its number may be somebody else's by now.
    await this.others.query(
      'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2',
      [this.backend, APPLICATION],
    );
  }
}

/** Whether anybody else has a statement under way in this database, of whichever replica. */
async function isBusy(client: Client): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await sleep(BETWEEN_LOOKS_MS);
    const { rowCount } = await client.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
         AND state = 'active' AND pid <> pg_backend_pid() LIMIT 1`,
    );
    if (rowCount !== 0) return true;
    // What was seen is what the transaction goes on seeing otherwise.
    await client.query('SELECT pg_stat_clear_snapshot()');
  }
  return false;
}
