import { StepFailure } from '../backups/backup-source';
import { type Contents, contentsOf, countRows } from './database-contents';
import { DatabaseSession, type SessionOptions } from './database-session';

/** One state of the database, held for as long as it is dumped and counted, by a connection of its own. */
export class DumpSnapshot {
  private constructor(
    private readonly session: DatabaseSession,
    /** For `pg_dump --snapshot`. */
    readonly id: string,
    readonly serverVersion: string,
    readonly serverMajor: number,
    readonly contents: Contents,
  ) {}

  /**
   * Nobody waits for it but who changes a table's form; while somebody does that, it waits itself.
   * @throws StepFailure
   */
  static async take(options: SessionOptions): Promise<DumpSnapshot> {
    const session = await DatabaseSession.open(options);
    try {
      const [server] = await session.query<{ version: string; number: string }>(
        `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number`,
      );
      // The server gives up a little earlier than we do, and says what it waited for.
      await session.query(`SELECT set_config('lock_timeout', $1, false)`, [
        Math.ceil(options.answerMs * 0.9).toString(),
      ]);
      await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const contents = await contentsOf(session);
      if (contents.tables.length > 0) {
        // A table that were emptied or rewritten between its count and its dump would have its rows in one of them only.
        const tables = contents.tables.map((table) => `ONLY ${table}`).join(', ');
        await session.query(`LOCK TABLE ${tables} IN ACCESS SHARE MODE`);
      }
      const [exported] = await session.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
      if (!server || !exported) throw new StepFailure(`${options.doing}: the server gives no snapshot`);
      const version = server.version.split(' ')[0] ?? '';
      return new DumpSnapshot(session, exported.id, version, Math.floor(Number(server.number) / 10_000), contents);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /**
   * Rows of each table. May be asked while others read the snapshot.
   * @param signal ends the counting, and the snapshot with it
   * @throws StepFailure
   */
  async rows(signal: AbortSignal): Promise<Record<string, number>> {
    const cut = (): void => {
      this.session.cut();
    };
    signal.addEventListener('abort', cut, { once: true });
    try {
      return await countRows(this.session, this.contents.tables);
    } finally {
      signal.removeEventListener('abort', cut);
    }
  }

  /**
   * To be called when all that stands on it is done.
   * @throws StepFailure where the connection that held it was lost meanwhile
   */
  async release(): Promise<void> {
    await this.session.query('COMMIT');
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.session.close();
  }
}
