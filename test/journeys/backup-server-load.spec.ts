import { Client } from 'pg';
import { ServerLoad } from '../../libs/ops/src/database/server-load';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { until } from '../support/waiting';

describe('Whether people want the database', () => {
  let database: TestDatabase;
  let load: ServerLoad;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });
  beforeEach(async () => {
    const signal = new AbortController().signal;
    load = await ServerLoad.watch({ url: database.url, doing: 'dumping', signal, answerMs: 5000 });
  });
  afterEach(async () => {
    await load.stop();
  });

  it('is known by its transactions while there are many, and no longer', async () => {
    expect(load.isBusy).toBe(false);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const over = new AbortController();
    const asking = (async () => {
      while (!over.signal.aborted) await client.query('SELECT 1');
    })();
    await until('it is seen', () => load.isBusy);
    over.abort();
    await asking;
    await client.end();
    await until('its end is seen', () => !load.isBusy);
  });

  it('is taken for no where it can’t be told any more', async () => {
    const other = new Client({ connectionString: database.url });
    await other.connect();
    const over = new AbortController();
    const asking = (async () => {
      while (!over.signal.aborted) await other.query('SELECT 1');
    })();
    await until('it is seen', () => load.isBusy);
    await other.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'tiptop backup'`,
    );
    await until('it is given up', () => !load.isBusy);
    over.abort();
    await asking;
    await other.end();
  });
});
