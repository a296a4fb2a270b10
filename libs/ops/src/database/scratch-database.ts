import { escapeIdentifier, escapeLiteral } from 'pg';
import { StepFailure } from '../backups/backup-source';
import { withDatabase } from './connection-settings';
import { codeOf } from './database-fault';
import { DatabaseSession, type SessionOptions } from './database-session';
import { madeAt, SCRATCH_PREFIX, scratchName } from './scratch-name';

/** How long the server may take to remove one. */
const DROP_SECONDS = 120;
const INSUFFICIENT_PRIVILEGE = '42501';
const OBJECT_IN_USE = '55006';

/** A database that exists for one look at a dump. */
export class ScratchDatabase {
  private constructor(
    readonly name: string,
    readonly url: string,
    readonly serverMajor: number,
    private readonly options: SessionOptions,
  ) {}

  /**
   * Makes an empty one, of the same character set and sort order as the database of a given name, where the server has
   * that; else of the server's own.
   * @param options of a session on any database of the server
   * @throws StepFailure
   */
  static async create(options: SessionOptions, like: string): Promise<ScratchDatabase> {
    const session = await DatabaseSession.open(options);
    try {
      const [server] = await session.query<{ now: Date; number: string }>(
        `SELECT now(), current_setting('server_version_num') AS number`,
      );
      const name = scratchName(server?.now ?? new Date(NaN));
      await session
        .longQuery(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE template0 ${await localeOf(session, like)}`)
        .catch((error: unknown) => {
          throw codeOf(error) === INSUFFICIENT_PRIVILEGE ? lacksRight(session, error) : error;
        });
      return new ScratchDatabase(
        name,
        withDatabase(options.url, name),
        Math.floor(Number(server?.number) / 10_000),
        options,
      );
    } finally {
      await session.close();
    }
  }

  /**
   * Removes what runs that died have left: older than a run may take, by the server's clock, and without a connection.
   * @returns their names
   * @throws StepFailure
   */
  static async sweep(options: SessionOptions, olderThanSeconds: number): Promise<string[]> {
    const session = await DatabaseSession.open(options);
    try {
      const rows = await session.query<{ name: string; now: Date }>(
        `SELECT datname AS name, now() FROM pg_database WHERE starts_with(datname, $1)
           AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = pg_database.oid)`,
        [SCRATCH_PREFIX],
      );
      const removed: string[] = [];
      for (const { name, now } of rows) {
        const made = madeAt(name);
        if (made === undefined || now.getTime() - made.getTime() <= olderThanSeconds * 1000) continue;
        // Without FORCE: the server itself refuses it where somebody has come in meanwhile.
        const gone = await session.longQuery(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)}`).then(
          () => true,
          (error: unknown) => isSomebodys(error),
        );
        if (gone) removed.push(name);
      }
      return removed;
    } finally {
      await session.close();
    }
  }

  /**
   * With whoever is still at it. Goes on where the run itself was ended.
   * @throws StepFailure
   */
  async drop(): Promise<void> {
    const signal = AbortSignal.timeout(DROP_SECONDS * 1000);
    const session = await DatabaseSession.open({ ...this.options, signal, doing: 'removing the scratch database' });
    try {
      await session.longQuery(`DROP DATABASE IF EXISTS ${escapeIdentifier(this.name)} WITH (FORCE)`);
    } finally {
      await session.close();
    }
  }
}

/** @returns false where it is in use or another role's, and stays */
function isSomebodys(error: unknown): false {
  if (codeOf(error) === OBJECT_IN_USE || codeOf(error) === INSUFFICIENT_PRIVILEGE) return false;
  throw error;
}

function lacksRight(session: DatabaseSession, cause: unknown): StepFailure {
  const { user } = session.place;
  return new StepFailure(
    `restoring: role ${user} may not create databases: ALTER ROLE ${escapeIdentifier(user)} CREATEDB, or name a server in BACKUP_SCRATCH_DATABASE_URL`,
    false,
    { cause },
  );
}

/** What a database's sort order is called in CREATE DATABASE, where it is not the operating system's. */
const PROVIDERS: Readonly<Record<string, string>> = {
  b: 'LOCALE_PROVIDER builtin BUILTIN_LOCALE',
  i: 'LOCALE_PROVIDER icu ICU_LOCALE',
};

async function localeOf(session: DatabaseSession, database: string): Promise<string> {
  // As a document: which columns there are is another matter in each release.
  const [found] = await session.query<{ d: Record<string, string | undefined>; encoding: string }>(
    `SELECT to_jsonb(d) AS d, pg_encoding_to_char(encoding) AS encoding FROM pg_database d WHERE datname = $1`,
    [database],
  );
  if (!found) return '';
  const { datcollate = '', datctype = '', datlocprovider = '', datlocale, daticulocale } = found.d;
  const provider = PROVIDERS[datlocprovider];
  const clauses = [
    `ENCODING ${escapeLiteral(found.encoding)}`,
    `LC_COLLATE ${escapeLiteral(datcollate)}`,
    `LC_CTYPE ${escapeLiteral(datctype)}`,
    ...(provider === undefined ? [] : [`${provider} ${escapeLiteral(datlocale ?? daticulocale ?? '')}`]),
  ];
  return clauses.join(' ');
}
