import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { AdvisoryLock, LOCK_PATIENCE, MigrationBlocked, Migrator } from '@tiptop/platform';
import { Client } from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { until } from '../support/waiting';

class Pots1800000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE pots AS SELECT current_setting('lock_timeout') AS patience`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE pots');
  }
}

class Lids1800000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE lids (id integer)');
    await runner.query('ALTER TABLE cups ADD COLUMN lid integer');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE cups DROP COLUMN lid');
    await runner.query('DROP TABLE lids');
  }
}

const POTS = 'Pots1800000000001';
const LIDS = 'Lids1800000000002';
const PATIENCE = { waitMs: 400, tries: 3, pauseMs: 300 };

describe('A migration that needs a table on which others are at work', () => {
  let database: TestDatabase;
  let customer: Client;
  let reader: Client;
  let migrator: Migrator;

  beforeEach(async () => {
    database = await createTestDatabase('template0');
    [customer, reader] = [await client('customer'), await client('reader')];
    await customer.query('CREATE TABLE cups (id integer)');
    migrator = new Migrator(
      database.url,
      { entities: [], migrations: [Pots1800000000001, Lids1800000000002] },
      PATIENCE,
    );
  });
  afterEach(async () => {
    await customer.end();
    await reader.end();
    await database.drop();
  });

  async function client(name: string): Promise<Client> {
    const connection = new Client({ connectionString: database.url, application_name: name });
    await connection.connect();
    return connection;
  }

  /** Somebody reads the table in a transaction that does not end: enough to keep every change of it waiting. */
  async function hold(): Promise<number> {
    await customer.query('BEGIN');
    await customer.query('SELECT count(*) FROM cups');
    const { rows } = await customer.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return rows[0]!.pid;
  }

  async function columns(): Promise<string[]> {
    const { rows } = await reader.query<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name IN ('cups', 'lids') ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  }

  async function isWaiting(): Promise<boolean> {
    const { rowCount } = await reader.query(
      `SELECT FROM pg_locks WHERE relation = 'cups'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted`,
    );
    return rowCount === 1;
  }

  it('gives up, names what is in its way, and leaves nothing half done', async () => {
    const pid = await hold();
    const error = await migrator.up().then(
      () => undefined,
      (fault: unknown) => fault,
    );
    expect(error).toBeInstanceOf(MigrationBlocked);
    const { message, lock } = error as MigrationBlocked;
    expect(lock).toMatchObject({
      what: 'cups',
      mode: 'AccessExclusiveLock',
      pid,
      application: 'customer',
      state: 'idle in transaction',
    });
    expect(message).toMatch(
      new RegExp(
        `^A migration waited 3 times for 0\\.4 s for the AccessExclusiveLock on cups, in whose way stands a transaction ` +
          `open for \\d s \\(process ${pid}, customer, role \\w+; idle in transaction\\)\\. What came before`,
      ),
    );
    expect(await columns()).toEqual(['cups.id']);
    expect(await migrator.pending()).toEqual([LIDS]);
    const lock2 = await AdvisoryLock.tryAcquire(database.url, 'migrations');
    expect(lock2).toBeDefined();
    await lock2?.release();
  });

  it('keeps nobody else waiting for longer than one try', async () => {
    await hold();
    const migration = migrator.up().catch((error: unknown) => error);
    const over = new AbortController();
    void migration.then(() => {
      over.abort();
    });
    await until('it waits for the table', isWaiting);
    const waits: number[] = [];
    while (!over.signal.aborted) {
      const since = performance.now();
      await reader.query('SELECT count(*) FROM cups');
      waits.push(performance.now() - since);
      await pause(20);
    }
    expect(await migration).toBeInstanceOf(MigrationBlocked);
    // Behind each of its tries somebody waited; and between two of them nobody did.
    expect(Math.max(...waits)).toBeGreaterThan(50);
    expect(Math.max(...waits)).toBeLessThan(PATIENCE.waitMs + 600);
    expect(waits.filter((ms) => ms < 50).length).toBeGreaterThan(3);
  });

  it('comes through once they are done, and tells of all that it applied', async () => {
    await hold();
    const migration = migrator.up();
    await until('it waits for the table', isWaiting);
    await until('it has given up once', async () => !(await isWaiting()));
    await customer.query('COMMIT');
    // The first one was applied by the try that failed.
    expect(await migration).toEqual([POTS, LIDS]);
    expect(await columns()).toEqual(['cups.id', 'cups.lid', 'lids.id']);
  });

  it('goes down in the same way', async () => {
    await migrator.up();
    await hold();
    await expect(migrator.down()).rejects.toThrow(MigrationBlocked);
    await customer.query('ROLLBACK');
    expect(await migrator.down()).toBe(LIDS);
    expect(await columns()).toEqual(['cups.id']);
  });

  it('waits two seconds at a time, unless told otherwise', async () => {
    await new Migrator(database.url, { entities: [], migrations: [Pots1800000000001] }).up();
    const { rows } = await reader.query('SELECT patience FROM pots');
    expect(rows).toEqual([{ patience: '2s' }]);
    expect(LOCK_PATIENCE.tries).toBeGreaterThan(1);
  });

  it('fails at once where something else is wrong', async () => {
    await customer.query('CREATE TABLE lids (other integer)');
    const since = performance.now();
    await expect(migrator.up()).rejects.toThrow('relation "lids" already exists');
    expect(performance.now() - since).toBeLessThan(PATIENCE.waitMs + PATIENCE.pauseMs);
  });
});
