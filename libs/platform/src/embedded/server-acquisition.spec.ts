import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { clusterDirOf } from './cluster';
import { EmbeddedPostgres } from './index';
import { ask, failureOf } from './spec-support/ask';
import { processesIn, Scratch } from './spec-support/scratch';

describe('ownership of the embedded database', () => {
  const programs = new Scratch();
  const scratch = new Scratch();
  let program: string;
  beforeAll(() => {
    program = programs.program();
  });
  afterEach(() => scratch.clear());
  afterAll(() => programs.clear());

  it('is refused while another process lives, and shared on request', async () => {
    const dataDir = scratch.dataDir();
    const owner = scratch.process({ program, database: { dataDir } });
    const { url } = await owner.report('started');

    const message = await failureOf(EmbeddedPostgres.start({ dataDir }));
    expect(message).toBe(
      `The database in ${clusterDirOf(dataDir)} is in use by process ${owner.pid}: stop that process, use another data ` +
        'directory, or set DATABASE_URL.',
    );

    const guest = await EmbeddedPostgres.start({ dataDir, mode: 'share', database: 'guests' });
    expect(guest.owned).toBe(false);
    expect(guest.urlFor('tiptop')).toBe(url);
    expect(await ask(guest.url, 'SELECT current_database() AS value')).toEqual(['guests']);
    await guest.stop();
    expect(await ask(url, 'SELECT 1 AS value')).toEqual([1]);

    await owner.stop();
    expect(processesIn(clusterDirOf(dataDir))).toEqual([]);
  });

  it('of a server that nobody has goes to one who would share it', async () => {
    const dataDir = scratch.dataDir();
    const database = await EmbeddedPostgres.start({ dataDir, mode: 'share' });
    expect(database.owned).toBe(true);
    await failureOf(EmbeddedPostgres.start({ dataDir }));
    await database.stop();
    expect(processesIn(clusterDirOf(dataDir))).toEqual([]);
  });

  it('of a server whose owner was killed passes on, with the server still running', async () => {
    const dataDir = scratch.dataDir();
    const owner = scratch.process({ program, database: { dataDir } });
    const { url } = await owner.report('started');
    await ask(url, 'CREATE TABLE kept AS SELECT 7 AS value');
    const pid = await scratch.serverPid(dataDir);
    await owner.kill();

    const log: string[] = [];
    const heir = await EmbeddedPostgres.start({ dataDir, log: (message) => log.push(message) });
    expect({ url: heir.url, owned: heir.owned }).toEqual({ url, owned: true });
    expect(log).toEqual([`took over the server that was left running (process ${pid})`]);
    expect(await ask(url, 'SELECT value FROM kept')).toEqual([7]);
    // Its log does not lead to the process that is gone.
    await expect(ask(url, 'SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
    expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).toContain('division by zero');
    expect(await scratch.serverPid(dataDir)).toBe(pid);

    await heir.stop();
    expect(processesIn(clusterDirOf(dataDir))).toEqual([]);
  });

  it('begins anew when the server was killed together with its owner', async () => {
    const dataDir = scratch.dataDir();
    const { url } = await killBoth(dataDir);
    const database = await EmbeddedPostgres.start({ dataDir });
    expect(database.url).not.toBe(url);
    expect(await ask(database.url, 'SELECT value FROM kept')).toEqual([7]);
    await database.stop();
  });

  it.each(['an unrelated program', 'the server of another cluster'])(
    'begins anew when %s has the process id of the killed server, and its port is taken',
    async (stranger) => {
      const dataDir = scratch.dataDir();
      await killBoth(dataDir);
      const elsewhere = scratch.dataDir();
      const other = await EmbeddedPostgres.start({ dataDir: elsewhere });
      // As the server's own account: only then does PostgreSQL take the process for a server.
      const { uid, gid } = statSync(clusterDirOf(dataDir));
      const sleeper = spawn('/bin/sleep', ['60'], { uid, gid });
      const occupant = createServer();
      occupant.listen(0, '127.0.0.1');
      await once(occupant, 'listening');

      const pidFile = join(clusterDirOf(dataDir), 'postmaster.pid');
      const lines = readFileSync(pidFile, 'utf8').split('\n');
      lines[0] = String(stranger.includes('unrelated') ? sleeper.pid : await scratch.serverPid(elsewhere));
      lines[3] = String((occupant.address() as AddressInfo).port);
      writeFileSync(pidFile, lines.join('\n'));

      const database = await EmbeddedPostgres.start({ dataDir });
      expect(await ask(database.url, 'SELECT value FROM kept')).toEqual([7]);
      await database.stop();
      expect(sleeper.exitCode).toBeNull();
      expect(await ask(other.url, 'SELECT 1 AS value')).toEqual([1]);
      sleeper.kill();
      occupant.close();
      await other.stop();
    },
  );

  it('begins anew when a crash has left an empty pid file', async () => {
    const dataDir = scratch.dataDir();
    await killBoth(dataDir);
    const pidFile = join(clusterDirOf(dataDir), 'postmaster.pid');
    writeFileSync(pidFile, '');
    utimesSync(pidFile, new Date(), new Date(Date.now() - 60_000));
    const database = await EmbeddedPostgres.start({ dataDir });
    expect(await ask(database.url, 'SELECT value FROM kept')).toEqual([7]);
    await database.stop();
  });

  it('waits for a server that is shutting down', async () => {
    const dataDir = scratch.dataDir();
    const first = await EmbeddedPostgres.start({ dataDir });
    const client = new Client({ connectionString: first.url });
    client.on('error', () => undefined);
    await client.connect();
    const stopping = first.stop();
    const second = await startUnlessRefused(dataDir);
    await stopping;
    expect(await ask(second.url, 'SELECT 1 AS value')).toEqual([1]);
    await second.stop();
    await client.end();
  });

  it('goes to one of several that start at the same time, at first and after a crash', async () => {
    const dataDir = scratch.dataDir();
    for (const round of ['first', 'crashed']) {
      const owners = Array.from({ length: 5 }, () => scratch.process({ program, database: { dataDir } }));
      const outcomes = await Promise.all(owners.map((owner) => owner.outcome()));
      const winners = owners.filter((_, index) => outcomes[index]?.kind === 'started');
      expect({ round, winners: winners.length }).toEqual({ round, winners: 1 });
      for (const outcome of outcomes) {
        if (outcome.kind === 'started') continue;
        expect(outcome.expected).toBe(true);
        expect(outcome.message).toContain(`is in use by process ${winners[0]!.pid}: `);
      }
      await winners[0]!.kill();
      process.kill(await scratch.serverPid(dataDir), 'SIGKILL');
    }
  });

  it('goes to one of several that would share', async () => {
    const dataDir = scratch.dataDir();
    const guests = Array.from({ length: 5 }, () => scratch.process({ program, database: { dataDir, mode: 'share' } }));
    const outcomes = await Promise.all(guests.map((guest) => guest.report('started')));
    expect(outcomes.filter(({ owned }) => owned)).toHaveLength(1);
    expect(new Set(outcomes.map(({ url }) => url)).size).toBe(1);
    const owner = guests[outcomes.findIndex(({ owned }) => owned)]!;
    for (const guest of guests) if (guest !== owner) await guest.stop();
    expect(await ask(outcomes[0]!.url, 'SELECT 1 AS value')).toEqual([1]);
    await owner.stop();
    expect(processesIn(clusterDirOf(dataDir))).toEqual([]);
  });

  it('keeps the server running through Ctrl-C until the owner stops it', async () => {
    const dataDir = scratch.dataDir();
    const owner = scratch.process({ program, database: { dataDir } });
    const { url } = await owner.report('started');
    owner.interruptGroup();
    await owner.report('interrupted');
    await sleep(300);
    expect(await ask(url, 'SELECT 1 AS value')).toEqual([1]);
    await owner.stop();
    expect(processesIn(clusterDirOf(dataDir))).toEqual([]);
  });

  /** Leaves a data directory behind as a killed machine does, with a committed row, and with a connection open. */
  async function killBoth(dataDir: string): Promise<{ url: string }> {
    const owner = scratch.process({ program, database: { dataDir } });
    const { url } = await owner.report('started');
    await ask(url, 'CREATE TABLE kept AS SELECT 7 AS value');
    const idle = new Client({ connectionString: url });
    const lost = new Promise((done) => idle.once('end', done));
    idle.on('error', () => undefined);
    await idle.connect();
    process.kill(await scratch.serverPid(dataDir), 'SIGKILL');
    await owner.kill();
    await lost;
    return { url };
  }

  /** A start is refused until the shutdown has really begun. */
  async function startUnlessRefused(dataDir: string): Promise<EmbeddedPostgres> {
    for (;;) {
      try {
        return await EmbeddedPostgres.start({ dataDir });
      } catch (error) {
        if (!String(error).includes('is in use by')) throw error;
      }
    }
  }
});
