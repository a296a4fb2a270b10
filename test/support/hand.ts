import { Client } from 'pg';

/** One connection, and what its statements meet. */
export class Hand {
  private constructor(private readonly client: Client) {}

  static async of(url: string): Promise<Hand> {
    const client = new Client({ connectionString: url });
    await client.connect();
    return new Hand(client);
  }

  /** Runs a statement, or several, and takes them back. @returns the SQLSTATE, or `done` */
  async tries(sql: string): Promise<string> {
    await this.client.query('BEGIN');
    try {
      await this.client.query(sql);
      return 'done';
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await this.client.query('ROLLBACK');
    }
  }

  async rows<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
    return (await this.client.query<T>(sql, values)).rows;
  }

  async end(): Promise<void> {
    await this.client.end();
  }
}
