import { Client } from 'pg';
import { clusterDirOf } from './cluster';
import { EmbeddedPostgres } from './index';
import { stopPostmaster } from './postmaster';
import { ask } from './spec-support/ask';
import { processesIn, Scratch } from './spec-support/scratch';

describe('postmaster', () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clear());

  it('that reacts to nothing is ended by force, with the statement that is running in it', async () => {
    const dataDir = scratch.dataDir();
    const cluster = clusterDirOf(dataDir);
    const database = await EmbeddedPostgres.start({ dataDir });
    const client = new Client({ connectionString: database.url });
    client.on('error', () => undefined);
    await client.connect();
    const statement = client.query('SELECT count(*) FROM generate_series(1, 1e12)').catch(() => undefined);
    const pid = await scratch.serverPid(dataDir);
    process.kill(pid, 'SIGSTOP');

    await stopPostmaster(pid, cluster, { fast: 100, immediate: 100, kill: 5_000 });
    expect(processesIn(cluster)).toEqual([]);
    await statement;
    await client.end();
    await database.stop();

    const next = await EmbeddedPostgres.start({ dataDir });
    expect(await ask(next.url, 'SELECT 1 AS value')).toEqual([1]);
    await next.stop();
  });

  it('is not mistaken for another program with its process id', async () => {
    const dataDir = scratch.dataDir();
    const database = await EmbeddedPostgres.start({ dataDir });
    await stopPostmaster(process.pid, clusterDirOf(dataDir));
    await stopPostmaster(await scratch.serverPid(dataDir), scratch.folder());
    expect(await ask(database.url, 'SELECT 1 AS value')).toEqual([1]);
    await database.stop();
  });
});
