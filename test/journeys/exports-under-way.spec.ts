import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { poolOf } from '../../libs/platform/src/database/database.module';
import { DownloadLimits } from '../../libs/admin/src/exports/downloads';
import { ExportSession } from '../../libs/admin/src/exports/export-session';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { addManyTickets, beginDownload, exportsUnderWay } from '../support/downloads';
import { download, type DownloadedFile } from '../support/export-files';
import { play } from '../support/plays';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { until } from '../support/waiting';

const TICKETS = 40_000;
const LINE_LENGTH = 500;

describe('Exports under way', () => {
  let test: TestApp;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
    const contest = await createContest(test, { tickets: 200 });
    await addManyTickets(test, contest.id, TICKETS, LINE_LENGTH);
  });
  afterAll(async () => {
    await test.stop();
  });

  const get = (path: string): Promise<DownloadedFile> =>
    download(test.client, `/v1/admin/exports/${path}`, admin.accessToken);
  const untilNone = (): Promise<void> => until('no export is left', async () => (await exportsUnderWay(test)) === 0);
  const ticketsInDatabase = async (): Promise<number> =>
    (await test.database.query<{ n: number }[]>('SELECT count(*)::int AS n FROM tickets'))[0]!.n;
  /** Lines of a CSV below its heading; no value has a line end in it here. */
  const linesOf = (bytes: Buffer): string[] => bytes.toString().split('\r\n').slice(1, -1);

  /** Every place is free again, and none of the pool's connections was kept. */
  async function expectNothingLeft(): Promise<void> {
    await until('every place is free', async () => {
      const answers = await Promise.all([1, 2, 3].map(() => get('participants')));
      return answers.every(({ status }) => status === 200);
    });
    await untilNone();
    const pool = poolOf(test.database);
    await until('the pool is at rest', () => pool.idleCount === pool.totalCount && pool.waitingCount === 0);
  }

  it('use one process of the server while somebody else has something to do there, and as many as it likes otherwise', async () => {
    const workers = async (): Promise<string> => {
      const session = await ExportSession.open(test.config.databaseUrl!, test.database);
      try {
        const [row] = await session.query<{ n: string }[]>(
          "SELECT current_setting('max_parallel_workers_per_gather') AS n",
          [],
        );
        return row!.n;
      } finally {
        await session.close();
      }
    };
    const [row] = await test.database.query<{ n: string }[]>(
      "SELECT current_setting('max_parallel_workers_per_gather') AS n",
    );
    const usual = row!.n;
    expect(Number(usual)).toBeGreaterThan(0);
    // The service's own jobs ask for something now and then.
    await until('the server is quiet', async () => (await workers()) === usual);
    const other = test.database.query('SELECT pg_sleep(1)');
    await until('the other one is at it', async () => (await workers()) === '0');
    await other;
  });

  it.each(['csv', 'xlsx'])('leave nothing behind where the client goes away: %s', async (format) => {
    for (let turn = 0; turn < 4; turn++) {
      const { abort } = await beginDownload(test, `tickets?format=${format}`, admin);
      abort();
      await untilNone();
    }
    await expectNothingLeft();
  });

  it('leave nothing behind either where the client does not even wait for the answer', async () => {
    for (const path of ['tickets?format=csv', 'tickets?format=xlsx', 'report']) {
      for (const patienceMs of [0, 5, 20]) {
        const signal = AbortSignal.timeout(patienceMs);
        const headers = { authorization: `Bearer ${admin.accessToken}` };
        await fetch(`${test.client.url}/v1/admin/exports/${path}`, { headers, signal })
          .then(async (answer) => answer.arrayBuffer())
          .catch(() => undefined);
      }
      await expectNothingLeft();
    }
  });

  it('leave nothing behind either where the database has not answered yet', async () => {
    const runner = test.database.createQueryRunner();
    await runner.startTransaction();
    try {
      await runner.query('LOCK TABLE stores');
      const { abort } = await beginDownload(test, 'tickets', admin);
      await until('it waits', async () => (await exportsUnderWay(test)) === 1);
      abort();
      await untilNone();
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  });

  it('have the database stop sorting what nobody will read', async () => {
    const session = await ExportSession.open(test.config.databaseUrl!, test.database);
    // It would sort for a minute, and notice on sending its first row that nobody is there.
    const rows = await session.copy(
      'COPY (SELECT md5(n::text) FROM generate_series(1, 20000000) n ORDER BY 1) TO STDOUT',
    );
    rows.resume();
    await until('it sorts', async () => {
      const found = await test.database.query<unknown[]>(
        `SELECT FROM pg_stat_activity WHERE application_name = 'tiptop export' AND query LIKE 'COPY%md5%' AND state = 'active'`,
      );
      return found.length === 1;
    });
    await session.close();
    await untilNone();
  });

  it('have a limit of time for all but their rows', async () => {
    const session = await ExportSession.open(test.config.databaseUrl!, test.database);
    const limit = (): Promise<unknown> => session.query('SHOW statement_timeout', []);
    try {
      expect(await limit()).toEqual([{ statement_timeout: '10s' }]);
      expect((await buffer(await session.copy('COPY (SELECT 1) TO STDOUT'))).toString()).toBe('1\n');
      expect(await limit()).toEqual([{ statement_timeout: '0' }]);
    } finally {
      await session.close();
    }
  });

  it('are refused beyond a few at once, until one has ended', async () => {
    const open = await Promise.all([1, 2, 3].map(() => beginDownload(test, 'tickets?format=csv', admin)));
    const refused = await test.client.get('/v1/admin/exports/tickets', admin.accessToken);
    expectProblem(refused, 429, 'TOO_MANY_EXPORTS');
    expect(refused.headers.get('retry-after')).toBe('30');
    for (const { abort } of open) abort();
    await expectNothingLeft();
  });

  it('are of one moment, whatever is played meanwhile', async () => {
    const contest = await createContest(test, { tickets: 40 });
    const codes = await unplayedCodes(test, contest, 40);
    const player = await registerCustomer(test);
    const { finish } = await beginDownload(test, 'tickets', admin);
    for (const code of codes) expect((await play(test, code, player)).status).toBe(200);
    const { bytes, isComplete } = await finish();
    expect(isComplete).toBe(true);
    const lines = linesOf(bytes);
    expect(lines).toHaveLength(await ticketsInDatabase());
    // What was played after the file's moment is not in it; of what is, nothing before it is missing.
    const statuses = new Map(lines.map((line) => [line.slice(0, 10), line.split(',', 2)[1]]));
    const seen = codes.map((code) => statuses.get(code));
    const first = seen.indexOf('unclaimed');
    expect(first).toBeGreaterThanOrEqual(0);
    expect(seen.slice(first)).toEqual(Array(40 - first).fill('unclaimed'));
  });

  it.each(['csv', 'xlsx'])('end as cut off, and nothing else does, where the database is lost: %s', async (format) => {
    const { finish } = await beginDownload(test, `tickets?format=${format}`, admin);
    await test.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tiptop export'`,
    );
    expect((await finish()).isComplete).toBe(false);
    expect(test.logLines().at(-1)).toMatchObject({ level: 'warn', msg: 'An export was cut off', subject: 'tickets' });
    await expectNothingLeft();
  });

  it('leave nothing behind where they can’t even begin', async () => {
    await test.database.query('ALTER TABLE counter_slots RENAME TO slots_elsewhere');
    try {
      for (let turn = 0; turn < 4; turn++) {
        const answer = await test.client.get('/v1/admin/exports/report', admin.accessToken);
        expectProblem(answer, 500, 'INTERNAL_ERROR');
      }
    } finally {
      await test.database.query('ALTER TABLE slots_elsewhere RENAME TO counter_slots');
    }
    await expectNothingLeft();
  });

  it('end after the longest time there is, and are known to be cut off', async () => {
    Object.assign(test.app.get(DownloadLimits), { longestMs: 400 });
    try {
      const { finish } = await beginDownload(test, 'tickets', admin);
      await untilNone();
      expect((await finish()).isComplete).toBe(false);
    } finally {
      Object.assign(test.app.get(DownloadLimits), new DownloadLimits());
    }
    await expectNothingLeft();
  });

  describe('when the service stops', () => {
    let replica: TestApp;
    let agent: Agent;
    beforeEach(async () => {
      replica = await test.replica();
      agent = new Agent({ keepAlive: true });
    });
    afterEach(async () => {
      agent.destroy();
      await replica.stop();
    });

    // A connection that is kept alive would hold it up for a minute.
    it('are whole if they end in time, and hold it up no longer', async () => {
      const { finish } = await beginDownload(replica, 'tickets', admin, agent);
      const stopped = replica.stop();
      const { bytes, isComplete } = await finish();
      expect(isComplete).toBe(true);
      expect(linesOf(bytes)).toHaveLength(await ticketsInDatabase());
      await stopped;
    }, 20_000);

    it('are cut off if they don’t, and hold it up no longer either', async () => {
      Object.assign(replica.app.get(DownloadLimits), { stopPatienceMs: 300 });
      const { finish } = await beginDownload(replica, 'tickets', admin, agent);
      await replica.stop();
      expect((await finish()).isComplete).toBe(false);
      await untilNone();
    }, 20_000);

    it.each([
      ['has begun to be sent', true],
      ['is still being prepared', false],
    ])(
      'do not take with them what was asked for on the same connection, where the first one %s',
      async (_, begun) => {
        const { hostname, port } = new URL(replica.client.url);
        const socket = connect(Number(port), hostname);
        const parts: string[] = [];
        socket.setEncoding('latin1');
        const closed = new Promise((resolve) => socket.once('close', resolve));
        const get = `GET /v1/admin/exports/tickets HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${admin.accessToken}\r\n\r\n`;
        const held = test.database.createQueryRunner();
        await held.startTransaction();
        try {
          if (!begun) await held.query('LOCK TABLE stores');
          socket.on('data', (part) => parts.push(part.toString()));
          socket.write(get + get);
          if (begun) {
            await once(socket, 'data');
            socket.pause();
          }
          await until('both are under way', async () => (await exportsUnderWay(test)) === 2);
          const stopped = replica.stop();
          await held.rollbackTransaction();
          socket.resume();
          await closed;
          await stopped;
        } finally {
          await held.release();
        }
        // Each to its last chunk.
        const files = parts.join('').split('\r\n0\r\n\r\n');
        expect(files.map((file) => file.slice(0, 15))).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', '']);
      },
      20_000,
    );
  });
});
