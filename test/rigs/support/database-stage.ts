import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type AppConfig, EmbeddedPostgres, Migrator, type OpsConfig } from '@tiptop/platform';
import { Client, type QueryResultRow } from 'pg';
import { schema } from '../../../migrations/data-source';
import type { BackupContext } from '../../../libs/ops/src/backups/backup-source';
import { DatabaseSource } from '../../../libs/ops/src/database/database-source';
import { DumpHistory } from '../../../libs/ops/src/database/dump-history';
import { DumpVerifier } from '../../../libs/ops/src/database/dump-verifier';
import { PgDump } from '../../../libs/ops/src/database/pg-dump';
import { PostgresTools } from '../../../libs/ops/src/database/postgres-tools';
import { ScratchRestore } from '../../../libs/ops/src/database/scratch-restore';
import { ToolFolders } from '../../../libs/ops/src/database/tool-folders';
import { Processes } from '../../../libs/ops/src/processes/processes';
import { testConfig } from '../../support/test-app';
import { until } from '../../support/waiting';

const CONTEST = '11111111-1111-4111-8111-111111111111';
const PRIZE = '22222222-2222-4222-8222-222222222222';

/** A PostgreSQL of a spec's own, to be killed and started again, with a contest that is under way. */
export class DatabaseStage {
  private constructor(
    readonly dataDir: string,
    private server: EmbeddedPostgres,
  ) {}

  static async start(): Promise<DatabaseStage> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tiptop-rig-database-'));
    const server = await EmbeddedPostgres.start({ dataDir, database: 'tiptop', settings: { fsync: 'off' } });
    await new Migrator(server.url, schema).up();
    return new DatabaseStage(dataDir, server);
  }

  get url(): string {
    return this.server.url;
  }

  urlFor(database: string): string {
    return this.server.urlFor(database);
  }

  /** The same server asked by somebody else. */
  urlAs(role: string, password: string): string {
    const url = new URL(this.url);
    url.username = role;
    url.password = password;
    return url.href;
  }

  async query<T extends QueryResultRow>(sql: string, url = this.url): Promise<T[]> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const result = await client.query<T>(sql);
      return result.rows;
    } finally {
      await client.end();
    }
  }

  /** A contest with its tickets, of which six in ten are played, by one of a hundred customers. */
  async fill(tickets: number): Promise<void> {
    await this.query(`
      INSERT INTO contests (id, slug, name, starts_at, ends_at, claim_ends_at, created_at)
        VALUES ('${CONTEST}', 'rig', 'Rig', now() - interval '1 day', now() + interval '1 day', now() + interval '2 days', now());
      INSERT INTO prizes (id, contest_id, ordinal, name, description, value_cents, currency, weight)
        VALUES ('${PRIZE}', '${CONTEST}', 0, 'Infuseur', 'Un infuseur à thé', 3900, 'EUR', 1);
      INSERT INTO users (id, email, email_key, first_name, last_name, birth_date, search_text, created_at, updated_at)
        SELECT id, id || '@rig.example', id || '@rig.example', 'Zoë', 'L''Hôte', '1990-05-17', 'zoe', now(), now()
        FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 100)) s;`);
    await this.query(`
      SET session_replication_role = replica;
      INSERT INTO tickets (code, contest_id, status, player_id, prize_id, deck_position, played_at)
        SELECT upper(lpad(to_hex(n::bigint * 7919), 10, '0')), '${CONTEST}', CASE WHEN played THEN 'pending' ELSE 'unclaimed' END,
          CASE WHEN played THEN players.ids[1 + n % 100] END, CASE WHEN played THEN '${PRIZE}'::uuid END,
          CASE WHEN played THEN n END, CASE WHEN played THEN now() - n * interval '1 second' END
        FROM (SELECT n, n % 10 < 6 AS played FROM generate_series(1, ${tickets}) n) s,
          (SELECT array_agg(id) AS ids FROM users) players;`);
  }

  /** Bytes that hardly compress, so that a dump takes its time and its space. */
  async ballast(megabytes: number): Promise<void> {
    await this.query(`
      CREATE TABLE ballast AS
        SELECT n, (SELECT string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 28) WHERE n > 0) AS bytes
        FROM generate_series(1, ${megabytes * 1000}) n`);
  }

  /** As the system's shutdown does. */
  async shutDown(): Promise<void> {
    await this.server.stop();
  }

  /** As a crash does. */
  async crash(): Promise<void> {
    const [pid = ''] = (await readFile(join(this.dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGQUIT');
    await until('the server is gone', () => !existsSync(`/proc/${pid}`));
  }

  /** On the same port. */
  async startAgain(): Promise<void> {
    const { port } = new URL(this.url);
    await this.server.stop();
    this.server = await EmbeddedPostgres.start({
      dataDir: this.dataDir,
      database: 'tiptop',
      settings: { fsync: 'off', port },
    });
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What dumps and restores, wired as the service wires it. */
export interface DatabaseParts {
  config: AppConfig;
  source: DatabaseSource;
  pgDump: PgDump;
  tools: PostgresTools;
  verifier: DumpVerifier;
  scratch: ScratchRestore;
}

export function databaseParts(
  url: string,
  options: { ops?: Partial<OpsConfig>; folders?: readonly string[]; earlier?: readonly number[] | string } = {},
): DatabaseParts {
  const base = testConfig(url);
  const config = base.with({ ops: { ...base.ops, stallSeconds: 20, stepSeconds: 120, ...options.ops } });
  const processes = new Processes();
  const { folders } = options;
  const toolFolders = folders ? new GivenFolders(folders) : new ToolFolders(processes);
  const tools = new PostgresTools(processes, toolFolders);
  const pgDump = new PgDump(config, processes);
  const verifier = new DumpVerifier(config, processes, tools);
  const source = new DatabaseSource(config, tools, pgDump, verifier, new GivenHistory(options.earlier ?? []));
  return { config, source, pgDump, tools, verifier, scratch: new ScratchRestore(config, processes, tools) };
}

class GivenFolders extends ToolFolders {
  constructor(private readonly folders: readonly string[]) {
    super(new Processes());
  }

  override list(): Promise<string[]> {
    return Promise.resolve([...this.folders]);
  }
}

class GivenHistory extends DumpHistory {
  constructor(private readonly known: readonly number[] | string) {
    super();
  }

  sizes(count: number): Promise<readonly number[]> {
    return typeof this.known === 'string'
      ? Promise.reject(new Error(this.known))
      : Promise.resolve(this.known.slice(0, count));
  }
}

/** A run's context on a folder, with what it tells of its progress. */
export function backupContext(
  folder: string,
  overrides: Partial<BackupContext> = {},
): BackupContext & { told: string[] } {
  const told: string[] = [];
  return {
    id: 'manual-20261122T020000Z',
    folder,
    signal: new AbortController().signal,
    progress: (text) => told.push(text),
    told,
    ...overrides,
  };
}

/** Programs of a name that this process has started and that run, and the arguments of each. */
export async function childrenNamed(name: string): Promise<{ pid: number; args: string[] }[]> {
  const found: { pid: number; args: string[] }[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const [status, line] = await Promise.all([
      readFile(`/proc/${entry}/status`, 'utf8').catch(() => ''),
      readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => ''),
    ]);
    const [program = '', ...args] = line.split('\0');
    if (!status.includes(`\nPPid:\t${process.pid}\n`) || basename(program) !== name) continue;
    found.push({ pid: Number(entry), args });
  }
  return found;
}
