import { readFileSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { EmbeddedPostgres } from './index';
import { ask, failureOf } from './spec-support/ask';
import { processesIn, Scratch } from './spec-support/scratch';

describe('EmbeddedPostgres', () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clear());

  it('creates a cluster that only this machine reaches, and only with its password', async () => {
    const dataDir = scratch.dataDir();
    const database = await EmbeddedPostgres.start({ dataDir });

    expect(database.owned).toBe(true);
    const { hostname, username, password, port, pathname } = new URL(database.url);
    expect({ hostname, username, pathname }).toEqual({
      hostname: '127.0.0.1',
      username: 'tiptop',
      pathname: '/tiptop',
    });
    expect(password).toMatch(/^[0-9a-f]{48}$/);

    const show = async (name: string): Promise<unknown> =>
      (await ask(database.url, `SELECT current_setting('${name}') AS value`))[0];
    expect(await show('server_encoding')).toBe('UTF8');
    expect(await show('lc_ctype')).toMatch(/^C(\.UTF-8)?$/);
    expect(await show('listen_addresses')).toBe('127.0.0.1');
    expect(await show('unix_socket_directories')).toBe('');
    expect(await show('port')).toBe(port);
    expect(await show('timezone')).toBe('UTC');
    expect(await show('jit')).toBe('off');
    expect(await show('shared_buffers')).toBe('256MB');
    expect(await ask(database.url, `SELECT DISTINCT auth_method AS value FROM pg_hba_file_rules`)).toEqual([
      'scram-sha-256',
    ]);

    const file = join(dataDir, 'postgres', 'tiptop.password');
    expect(readFileSync(file, 'utf8')).toBe(password);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const wrong = database.url.replace(password, 'wrong');
    await expect(ask(wrong, 'SELECT 1 AS value')).rejects.toMatchObject({ code: '28P01' });
    await database.stop();
  });

  it('keeps the data from one start to the next, and creates the database that is asked for', async () => {
    const dataDir = scratch.dataDir();
    const first = await EmbeddedPostgres.start({ dataDir, database: 'été "x"' });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS value');
    await first.stop();

    const second = await EmbeddedPostgres.start({ dataDir, settings: { max_connections: '33', fsync: 'off' } });
    expect(await ask(second.urlFor('été "x"'), 'SELECT value FROM kept')).toEqual([7]);
    expect(await ask(second.url, 'SELECT current_database() AS value')).toEqual(['tiptop']);
    expect(await ask(second.url, `SELECT current_setting('max_connections') AS value`)).toEqual(['33']);
    await second.stop();
  });

  it('stops with connections in a transaction, leaves no process behind, and may be stopped again', async () => {
    const dataDir = scratch.dataDir();
    const database = await EmbeddedPostgres.start({ dataDir });
    const client = new Client({ connectionString: database.url });
    const lost: Error[] = [];
    client.on('error', (error) => lost.push(error));
    await client.connect();
    await client.query('BEGIN');
    expect(processesIn(join(dataDir, 'postgres')).length).toBeGreaterThan(1);

    await Promise.all([database.stop(), database.stop()]);
    await database.stop();
    expect(processesIn(join(dataDir, 'postgres'))).toEqual([]);
    expect(lost[0]).toMatchObject({ code: '57P01' });
    await expect(ask(database.url, 'SELECT 1 AS value')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).toContain('database system is shut down');
  });

  it('takes another port when somebody listens on the one it wanted', async () => {
    const occupant = createServer();
    occupant.listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const database = await EmbeddedPostgres.start({ dataDir: scratch.dataDir(), settings: { port: String(port) } });
    expect(new URL(database.url).port).not.toBe(String(port));
    expect(await ask(database.url, 'SELECT 1 AS value')).toEqual([1]);
    await database.stop();
    occupant.close();
  });

  it('works in a folder whose path is longer than a socket may have', async () => {
    const dataDir = scratch.dataDir(join(scratch.folder(), 'long and spaced '.repeat(8), 'qu\'o"te$'));
    const database = await EmbeddedPostgres.start({ dataDir });
    expect(await ask(database.url, 'SELECT 1 AS value')).toEqual([1]);
    await database.stop();
  });

  it('refuses a second owner in the same process', async () => {
    const dataDir = scratch.dataDir();
    const database = await EmbeddedPostgres.start({ dataDir });
    const message = await failureOf(EmbeddedPostgres.start({ dataDir }));
    expect(message).toContain(`The database in ${dataDir}/postgres is in use by process ${process.pid}`);
    expect(await ask(database.url, 'SELECT 1 AS value')).toEqual([1]);
    await database.stop();
  });

  it('says with the words of the server why it does not start, and leaves none running', async () => {
    const dataDir = scratch.dataDir();
    const message = await failureOf(EmbeddedPostgres.start({ dataDir, settings: { shared_buffers: 'plenty' } }));
    expect(message).toMatch(/invalid value for parameter "shared_buffers": "plenty"/);
    expect(message).toContain(join(dataDir, 'postgres.log'));
    expect(processesIn(join(dataDir, 'postgres'))).toEqual([]);
  });

  it('leaves a folder alone that holds something else', async () => {
    const dataDir = scratch.dataDir();
    mkdirSync(join(dataDir, 'postgres'), { recursive: true });
    writeFileSync(join(dataDir, 'postgres', 'diary.txt'), 'dear diary');
    const message = await failureOf(EmbeddedPostgres.start({ dataDir }));
    expect(message).toContain(`${dataDir}/postgres is not a PostgreSQL database`);
  });

  it('tells in one line that the data directory cannot be made', async () => {
    const file = join(scratch.folder(), 'file');
    writeFileSync(file, '');
    const message = await failureOf(EmbeddedPostgres.start({ dataDir: join(file, 'data') }));
    expect(message).toMatch(/^The embedded database in .*\/file\/data could not be used: ENOTDIR/);
  });

  it('tells when it ceases to own the server', async () => {
    const log = jest.fn();
    const database = await EmbeddedPostgres.start({ dataDir: scratch.dataDir(), log });
    await ask(
      database.url,
      `SELECT pg_terminate_backend(pid) AS value FROM pg_stat_activity WHERE application_name LIKE 'tiptop-owner:%'`,
    );
    while (!log.mock.calls.flat().some((message) => String(message).includes('was lost'))) {
      await new Promise((done) => setTimeout(done, 10));
    }
    expect(log.mock.calls.flat().filter((message) => String(message).includes('was lost'))).toHaveLength(1);
    await database.stop();
    await expect(ask(database.url, 'SELECT 1 AS value')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
