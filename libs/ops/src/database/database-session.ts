import { Socket } from 'node:net';
import { Client, type QueryConfig, type QueryResultRow } from 'pg';
import { type DatabasePlace, placeOf } from './connection-settings';
import { databaseFault } from './database-fault';
import { stopped } from './stopped';

const CONNECT_MS = 30_000;
/** How long a server may take to say good-bye. */
const FAREWELL_MS = 2000;

export interface SessionOptions {
  url: string;
  /** What it is opened for, in the words of a failure: "dumping". */
  doing: string;
  /** Cuts the connection. */
  signal: AbortSignal;
  /** How long a statement may take to answer that has no reason to take long. */
  answerMs: number;
}

/** Settings that end what takes long: a backup does, and has limits of its own. Not every release knows all of them. */
const LIFT_LIMITS = `
  SELECT set_config(name, '0', false) FROM pg_settings
  WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')`;

/** A connection of its own for operations, outside of the pool that serves players. */
export class DatabaseSession {
  readonly place: DatabasePlace;
  private readonly socket = new Socket();
  private readonly client: Client;
  private readonly onAbort = (): void => {
    this.cut();
  };

  private constructor(private readonly options: SessionOptions) {
    const { url } = options;
    this.place = placeOf(url);
    this.client = new Client({
      connectionString: url,
      application_name: 'tiptop backup',
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      // Ours, so that it can be cut at any moment: a good-bye to a server that hangs would never be answered.
      stream: () => this.socket,
    });
    // A connection that is lost shows itself at the next statement; without a listener it would end the process.
    this.client.on('error', () => undefined);
    options.signal.addEventListener('abort', this.onAbort, { once: true });
  }

  /** @throws StepFailure */
  static async open(options: SessionOptions): Promise<DatabaseSession> {
    const session = new DatabaseSession(options);
    try {
      await session.guarded(async () => session.client.connect());
      await session.query(LIFT_LIMITS);
      // A table of which a policy hides rows is refused, not counted by halves.
      await session.query(`SELECT set_config('row_security', 'off', false)`);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** @throws StepFailure */
  async query<T extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    return this.guarded(async () => {
      const limited: QueryConfig & { query_timeout: number } = {
        text: sql,
        values,
        query_timeout: this.options.answerMs,
      };
      return (await this.client.query<T>(limited)).rows;
    });
  }

  /**
   * A statement that takes as long as it takes; the session's signal is its only limit.
   * @throws StepFailure
   */
  async longQuery<T extends QueryResultRow>(sql: string): Promise<T[]> {
    return this.guarded(async () => (await this.client.query<T>(sql)).rows);
  }

  /** Ends it at once, whatever it is at: a statement under way fails. */
  cut(): void {
    this.socket.destroy();
  }

  /** Never rejects, and takes no longer than two seconds; an open transaction is rolled back. */
  async close(): Promise<void> {
    this.options.signal.removeEventListener('abort', this.onAbort);
    const patience = setTimeout(() => {
      this.cut();
    }, FAREWELL_MS);
    await this.client.end().catch(() => undefined);
    clearTimeout(patience);
    this.cut();
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    const { signal, doing } = this.options;
    try {
      signal.throwIfAborted();
      return await work();
    } catch (error) {
      if (signal.aborted) throw stopped(signal, doing);
      throw databaseFault(error, this.place, doing);
    }
  }
}
