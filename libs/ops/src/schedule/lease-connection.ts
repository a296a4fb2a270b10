import { Socket } from 'node:net';
import { Client, type QueryResultRow } from 'pg';

const CONNECT_MS = 5000;
/** How long a server may take to say good-bye. */
const FAREWELL_MS = 2000;

/** A connection that is there to be lost: whoever holds it is told at once. */
export class LeaseConnection {
  private readonly socket = new Socket();
  private readonly client: Client;
  private closing = false;
  private cutOff = false;

  private constructor(
    url: string,
    private readonly answerMs: number,
    private readonly onLost: (error: Error) => void,
  ) {
    this.client = new Client({
      connectionString: url,
      application_name: 'tiptop lease',
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      // Ours, so that it can be cut at any moment: a good-bye to a server that hangs would never be answered.
      stream: () => this.socket,
    });
    this.client.on('error', (error) => {
      this.lose(error);
    });
    this.client.on('end', () => {
      this.lose(new Error('the server has closed the connection'));
    });
  }

  /** @param answerMs how long a statement may take */
  static async open(url: string, answerMs: number, onLost: (error: Error) => void): Promise<LeaseConnection> {
    const connection = new LeaseConnection(url, answerMs, onLost);
    try {
      await connection.client.connect();
    } catch (error) {
      await connection.close();
      throw error;
    }
    return connection;
  }

  get isLost(): boolean {
    return this.cutOff;
  }

  async query<T extends QueryResultRow>(text: string, values: unknown[]): Promise<T[]> {
    const limited = { text, values, query_timeout: this.answerMs };
    return (await this.client.query<T>(limited)).rows;
  }

  /** Ends it at once. */
  cut(): void {
    this.cutOff = true;
    this.socket.destroy();
  }

  /** Never rejects, and takes no longer than two seconds. What the session holds is free then. */
  async close(): Promise<void> {
    this.closing = true;
    const patience = setTimeout(() => {
      this.cut();
    }, FAREWELL_MS);
    await this.client.end().catch(() => undefined);
    clearTimeout(patience);
    this.cut();
  }

  private lose(error: Error): void {
    const first = !this.cutOff;
    this.cutOff = true;
    if (first && !this.closing) this.onLost(error);
  }
}
