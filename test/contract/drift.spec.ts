import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { dataSourceOptions, Migrator } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { DOCUMENT_FILE, renderDocument } from '../../apps/api/src/openapi/render-document';
import { schema } from '../../migrations/data-source';
import { createContest, registerCustomer, unplayedCodes } from '../support/builders';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { startTestApp } from '../support/test-app';
import { UNASKED_PROVIDERS } from '../support/unasked-providers';

describe('The committed openapi.json', () => {
  const committed = () => readFileSync(resolve(__dirname, '../..', DOCUMENT_FILE), 'utf8');

  it('is what the code generates (npm run openapi)', async () => {
    expect(JSON.parse(committed())).toEqual(JSON.parse(await renderDocument()));
    expect(committed()).toBe(await renderDocument());
  });

  it('is what the running service shows', async () => {
    // What a provider is not configured for is absent from the document.
    const test = await startTestApp({ config: UNASKED_PROVIDERS });
    try {
      expect((await test.client.get('/openapi.json')).body).toEqual(JSON.parse(committed()));
    } finally {
      await test.stop();
    }
  });
});

describe('The migrations and the entities', () => {
  let database: TestDatabase;
  let migrator: Migrator;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase('template0');
    migrator = new Migrator(database.url, schema);
    dataSource = await new DataSource(dataSourceOptions(database.url, schema, 2)).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** Everything of ours: what an extension brought with it is the extension's. */
  async function objects(): Promise<string[]> {
    const rows = await dataSource.query<{ object: string }[]>(`
      SELECT kind || ' ' || name AS object FROM (
        SELECT relkind::text AS kind, relname::text AS name, oid, 'pg_class'::regclass AS class FROM pg_class
          WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'function', proname, oid, 'pg_proc'::regclass FROM pg_proc
          WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'type', typname, oid, 'pg_type'::regclass FROM pg_type
          WHERE typnamespace = 'public'::regnamespace AND typrelid = 0 AND typelem = 0
        UNION ALL SELECT 'trigger', tgname, oid, 'pg_trigger'::regclass FROM pg_trigger WHERE NOT tgisinternal
      ) found
      WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = found.oid AND d.classid = class AND d.deptype = 'e')
      ORDER BY 1`);
    return rows.map(({ object }) => object);
  }

  async function pendingChanges(): Promise<string[]> {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query);
  }

  const names = () => schema.migrations.map((migration) => new migration().constructor.name);
  let migrated: string[];

  it('agree: after the migrations nothing is left for the entities to change', async () => {
    expect(await objects()).toEqual([]);
    expect(await migrator.up()).toEqual(names());
    expect(await pendingChanges()).toEqual([]);
    migrated = await objects();
    expect(migrated).toContain('r tickets');
  });

  it('are compared in earnest: a column too many is noticed', async () => {
    await dataSource.query('ALTER TABLE users ADD COLUMN surplus text');
    expect(await pendingChanges()).toHaveLength(1);
    await dataSource.query('ALTER TABLE users DROP COLUMN surplus');
    expect(await pendingChanges()).toEqual([]);
  });

  it('go down to nothing, one by one, with a contest that is being played, and up again to the same', async () => {
    await playOneTicket(database.url);
    expect(await objects()).not.toEqual(migrated);
    for (const name of names().reverse()) expect(await migrator.down()).toBe(name);
    expect(await migrator.down()).toBeUndefined();
    const left = await objects();
    expect(left.filter((object) => !/ (migrations(_id_seq)?|PK_\w+)$/.test(object))).toEqual([]);
    expect(await migrator.pending()).toEqual(names());

    await migrator.up();
    expect(await objects()).toEqual(migrated);
    expect(await pendingChanges()).toEqual([]);
  });

  it('have names that say their order', () => {
    const stamps = names().map((name) => Number(/\d{13}$/.exec(name)?.[0]));
    expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
    expect(new Set(stamps).size).toBe(stamps.length);
  });
});

/** Leaves a sealed deck with its sequence, and a played ticket. */
async function playOneTicket(databaseUrl: string): Promise<void> {
  const test = await startTestApp({ databaseUrl });
  try {
    const [code] = await unplayedCodes(test, await createContest(test, { tickets: 3 }), 1);
    const { accessToken } = await registerCustomer(test);
    expect((await test.client.post('/v1/tickets/play', { code }, accessToken)).status).toBe(200);
  } finally {
    await test.stop();
  }
}
