import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

const NAME = 'tiptop-cli';
const POLL_MS = 100;

/**
 * A connection by which the commands at work on one embedded server know of each other: whichever started it must not
 * stop it while another one still needs it.
 */
export class Presence {
  private constructor(private readonly client: Client) {}

  static async enter(url: string): Promise<Presence> {
    const client = new Client({ connectionString: url, application_name: NAME, ssl: false });
    // Lost with the server; whoever works with it finds out by themselves.
    client.on('error', () => undefined);
    await client.connect();
    return new Presence(client);
  }

  /**
   * Leaves; if the server is going to end with this process, not before every other command has.
   * @param onWait called once if there is somebody to wait for
   */
  async leave(onWait: () => void): Promise<void> {
    try {
      if (!(await this.ownsServer())) return;
      if (await this.hasCompany()) onWait();
      while (await this.hasCompany()) await sleep(POLL_MS);
    } finally {
      await this.end();
    }
  }

  /** Whether another command is at work. */
  async hasCompany(): Promise<boolean> {
    const { rowCount } = await this.client.query(
      'SELECT FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
      [NAME],
    );
    return rowCount !== 0;
  }

  async end(): Promise<void> {
    await this.client.end();
  }

  private async ownsServer(): Promise<boolean> {
    // The name under which libs/platform marks the process that the embedded server belongs to.
    const { rowCount } = await this.client.query('SELECT FROM pg_stat_activity WHERE application_name = $1', [
      `tiptop-owner:${process.pid}`,
    ]);
    return rowCount === 1;
  }
}
