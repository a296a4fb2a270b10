import { AdvisoryLock, Migrator } from '@tiptop/platform';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database';

class Cups1800000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE cups (id integer)');
    // Long enough for another process to come by.
    await runner.query('SELECT pg_sleep(0.2)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE cups');
  }
}

class Pots1800000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE pots (id integer)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE pots');
  }
}

class Broken1800000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half_made (id integer)');
    await runner.query('CREATE TABLE cups (id integer)');
  }

  async down(): Promise<void> {
    // Never applied.
  }
}

const CUPS = 'Cups1800000000001';
const POTS = 'Pots1800000000002';

describe('Migrator', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase('template0');
  });
  afterEach(async () => {
    await database.drop();
  });

  const migrator = (...more: (new () => MigrationInterface)[]) =>
    new Migrator(database.url, { entities: [], migrations: [Cups1800000000001, Pots1800000000002, ...more] });

  async function tables(): Promise<string[]> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations' ORDER BY 1",
    );
    await client.end();
    return rows.map(({ name }) => name);
  }

  it('goes up, tells where it stands, and comes down one by one', async () => {
    const subject = migrator();
    expect(await subject.status()).toEqual([
      { name: CUPS, applied: false },
      { name: POTS, applied: false },
    ]);
    expect(await subject.pending()).toEqual([CUPS, POTS]);
    expect(await subject.down()).toBeUndefined();

    expect(await subject.up()).toEqual([CUPS, POTS]);
    expect(await tables()).toEqual(['cups', 'pots']);
    expect(await subject.pending()).toEqual([]);
    expect(await subject.up()).toEqual([]);

    expect(await subject.down()).toBe(POTS);
    expect(await tables()).toEqual(['cups']);
    expect(await subject.status()).toEqual([
      { name: CUPS, applied: true },
      { name: POTS, applied: false },
    ]);
    expect(await subject.down()).toBe(CUPS);
    expect(await subject.down()).toBeUndefined();
    expect(await tables()).toEqual([]);
    expect(await subject.up()).toEqual([CUPS, POTS]);
  });

  it('takes turns with others that start at once', async () => {
    const applied = await Promise.all([1, 2, 3].map(() => migrator().up()));
    expect(applied.flat()).toEqual([CUPS, POTS]);
    expect(applied.map((names) => names.length).sort()).toEqual([0, 0, 2]);
    expect(await tables()).toEqual(['cups', 'pots']);
  });

  it('leaves no trace of a migration that fails, keeps those before it, and lets go of the lock', async () => {
    await expect(migrator(Broken1800000000003).up()).rejects.toThrow('relation "cups" already exists');
    expect(await tables()).toEqual(['cups', 'pots']);
    expect(await migrator(Broken1800000000003).pending()).toEqual(['Broken1800000000003']);
    const lock = await AdvisoryLock.tryAcquire(database.url, 'migrations');
    expect(lock).toBeDefined();
    await lock?.release();
  });

  it('looks without changing anything', async () => {
    const subject = migrator();
    await subject.status();
    await subject.pending();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace");
    await client.end();
    expect(rows).toEqual([]);
  });
});
