import { RetentionService } from '@tiptop/auth';
import { ContestRegistry, ContestsService, CounterFolding, CounterVerification, RemindersService } from '@tiptop/game';
import { Migrator } from '@tiptop/platform';
import { schema } from '../../migrations/data-source';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { download } from '../support/export-files';
import { play, unknownCodes } from '../support/plays';
import { expectProblem } from '../support/problem';
import { NEVER, type SmokeBench, smokeBench } from '../support/smoke-stage';
import { startTestApp, type TestApp } from '../support/test-app';
import { twoRoles } from '../support/two-roles';

const CUSTOMER = '00000000-0000-8000-8000-000000000001';
const FIRST_CONTEST = '00000000-0000-8000-8000-000000000001';
const OF_SMOKE = `BETWEEN '00000000-0000-8000-8000-000000000000' AND '00000000-0000-8000-8000-ffffffffffff'`;

describe('Smoke journeys', () => {
  let test: TestApp;
  let bench: SmokeBench;
  let admin: SessionBody;
  let employee: SessionBody;
  let customer: SessionBody;

  beforeEach(async () => {
    test = await startTestApp();
    bench = await smokeBench(test.config);
    [admin, employee] = [await signInAs(test, 'admin'), await signInAs(test, 'employee')];
    customer = await registerCustomer(test, { newsletter: true });
  });
  afterEach(async () => {
    await bench.close();
    await test.stop();
  });

  const smoke = () => bench.smoke(test.client.url);
  const login = async ({ email, password }: { email: string; password: string }) =>
    test.client.post<SessionBody>('/v1/auth/login', { email, password });

  async function signedIn(credentials: { email: string; password: string }): Promise<SessionBody> {
    const { status, body } = await login(credentials);
    expect(status).toBe(200);
    return body;
  }

  /** Everything in which something could count, as administrators, staff and everybody are shown it, and as it is stored. */
  async function everything(): Promise<Record<string, unknown>> {
    const from = new Date(Date.now() - 2 * 86_400_000).toISOString();
    const to = new Date(Date.now() + 86_400_000).toISOString();
    const asked: Record<string, unknown> = { contest: (await test.client.get('/v1/contest')).body };
    const asAdmin = [
      '/v1/admin/stats',
      `/v1/admin/stats/timeline?from=${from}&to=${to}&interval=day`,
      '/v1/admin/users',
      '/v1/admin/users?sort=name&role=employee',
      '/v1/admin/users?search=smoke',
      '/v1/admin/contests',
      '/v1/admin/tickets',
      '/v1/admin/tickets?status=unclaimed',
      '/v1/admin/tickets?status=claimed',
      '/v1/admin/tickets?period=claimed',
      '/v1/admin/tickets?search=smoke',
      '/v1/admin/tickets?search=s',
      `/v1/admin/tickets?contestId=${FIRST_CONTEST}`,
      `/v1/admin/tickets?playerId=${CUSTOMER}`,
      '/v1/admin/mails?state=waiting',
    ];
    for (const path of asAdmin) {
      const { status, body } = await test.client.get(path, admin.accessToken);
      // Whom it is about may have been here again.
      asked[path.replace(from, '').replace(to, '')] = [status, body];
    }
    for (const path of ['/v1/claims?status=pending', '/v1/claims?status=claimed', '/v1/claims?search=smoke']) {
      asked[path] = (await test.client.get(path, employee.accessToken)).body;
    }
    for (const file of ['tickets?format=csv', 'participants?format=csv', 'participants?format=csv&newsletter=true']) {
      const { status, bytes } = await download(test.client, `/v1/admin/exports/${file}`, admin.accessToken);
      asked[file] = [status, bytes.toString()];
    }
    const stored: Record<string, string> = {
      letters: 'SELECT kind, user_id FROM letters ORDER BY created_at, id',
      totals: `SELECT kind, contest_id, prize_id, store_id, sum(n) AS n FROM (
        SELECT kind, contest_id, prize_id, store_id, n FROM counter_totals
        UNION ALL SELECT kind, contest_id, prize_id, store_id, n FROM counter_changes) counted GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
      slots: 'SELECT kind, contest_id, sum(n) AS n FROM counter_slots GROUP BY 1, 2 ORDER BY 1, 2',
      participants: 'SELECT * FROM participants ORDER BY 1, 2',
      participantTotals: 'SELECT * FROM participant_totals ORDER BY 1, 2, 3',
      reminders: 'SELECT * FROM reminders ORDER BY 1, 2',
    };
    for (const [name, sql] of Object.entries(stored)) asked[name] = await test.database.query(sql);
    asked['verify'] = await test.app.get(CounterVerification).verify();
    // Each answer's own.
    return JSON.parse(JSON.stringify(asked).replace(/"requestId":"[^"]+"/g, '"requestId":""')) as Record<
      string,
      unknown
    >;
  }

  async function fold(): Promise<void> {
    await test.app.get(CounterFolding).fold();
  }

  async function doors(): Promise<{ passwords: number; sessions: number; open: number }> {
    const [row] = await test.database.query<{ passwords: number; sessions: number; open: number }[]>(
      `SELECT (SELECT count(*)::int FROM users WHERE id ${OF_SMOKE} AND password_hash IS NOT NULL) AS passwords,
         (SELECT count(*)::int FROM sessions WHERE user_id ${OF_SMOKE} AND revoked_at IS NULL) AS sessions,
         (SELECT count(*)::int FROM contests WHERE id ${OF_SMOKE} AND claim_ends_at > now()) AS open`,
    );
    return row!;
  }

  const CLOSED = { passwords: 0, sessions: 0, open: 0 };

  it('leave everything that is counted, listed, exported or posted as it was', async () => {
    const contest = await createContest(test, { tickets: 30 });
    const [pending = '', claimed = ''] = await unplayedCodes(test, contest, 2);
    for (const code of [pending, claimed]) expect((await play(test, code, customer)).status).toBe(200);
    await test.client.post(`/v1/claims/${claimed}/validate`, { identityChecked: true }, employee.accessToken);
    await fold();
    const before = await everything();
    expect(before['verify']).toMatchObject({ holds: true });
    const statuses = Object.values(before).map((answer) =>
      Array.isArray(answer) ? (answer[0] as unknown) : undefined,
    );
    expect(statuses.filter((status) => typeof status === 'number' && status !== 200)).toEqual([]);

    for (let times = 0; times < 3; times++) {
      const { steps } = await smoke();
      expect(steps.filter(({ status }) => status !== 'passed')).toEqual([]);
      expect(await everything()).toEqual(before);
    }
    await fold();
    expect(await everything()).toEqual(before);
    expect(await test.app.get(CounterVerification).repair()).toMatchObject({ holds: true });
    expect(await everything()).toEqual(before);

    // It was all real, nevertheless.
    const [played] = await test.database.query<object[]>(
      `SELECT count(*)::int AS n, count(claimed_at)::int AS claimed, count(DISTINCT claimed_by)::int AS staff FROM tickets
       WHERE player_id ${OF_SMOKE}`,
    );
    expect(played).toEqual({ n: 3, claimed: 3, staff: 1 });
    expect(await doors()).toEqual(CLOSED);
  });

  it('are nowhere to be seen while one is under way, nor where there is no other contest', async () => {
    const nothing = await everything();
    expect(nothing['contest']).toMatchObject({ code: 'NO_CONTEST' });
    const cast = await bench.stage.prepare(NEVER);
    const player = await signedIn(cast.customer);
    expect((await play(test, cast.code, player)).status).toBe(200);
    await test.app.get(ContestRegistry).reload();
    expect(await everything()).toEqual(nothing);
    for (const path of [
      `/v1/admin/stats?contestId=${FIRST_CONTEST}`,
      `/v1/admin/stats/timeline?from=2026-11-01&to=2026-11-02&interval=day&contestId=${FIRST_CONTEST}`,
      `/v1/admin/contests/${FIRST_CONTEST}`,
      `/v1/admin/contests/${FIRST_CONTEST}/codes?format=csv`,
      `/v1/admin/contests/${FIRST_CONTEST}/print-runs`,
      `/v1/admin/exports/report?format=xlsx&contestId=${FIRST_CONTEST}`,
    ]) {
      expectProblem(await test.client.get(path, admin.accessToken), 404, 'CONTEST_NOT_FOUND');
    }
    const tickets = await test.client.post(
      `/v1/admin/contests/${FIRST_CONTEST}/tickets`,
      { count: 5 },
      admin.accessToken,
    );
    expectProblem(tickets, 404, 'CONTEST_NOT_FOUND');
    const rename = { body: { name: 'Another' }, token: admin.accessToken };
    const renamed = await test.client.request('PATCH', `/v1/admin/contests/${FIRST_CONTEST}`, rename);
    expectProblem(renamed, 404, 'CONTEST_NOT_FOUND');
    const archive = { body: { isActive: false }, token: admin.accessToken };
    const archived = await test.client.request('PATCH', `/v1/admin/users/${CUSTOMER}`, archive);
    expectProblem(archived, 404, 'USER_NOT_FOUND');
    expectProblem(await test.client.get(`/v1/admin/users/${CUSTOMER}`, admin.accessToken), 404, 'USER_NOT_FOUND');
    expect(await test.app.get(ContestsService).any()).toBe(false);
    await bench.stage.strike();
    expect(await everything()).toEqual(nothing);
  });

  it('and real tickets do not exist for each other, to whoever plays or hands over', async () => {
    const contest = await createContest(test, { tickets: 30 });
    const [real = '', waiting = '', unplayed = ''] = await unplayedCodes(test, contest, 3);
    await play(test, waiting, customer);
    const cast = await bench.stage.prepare(NEVER);
    const [player, clerk] = [await signedIn(cast.customer), await signedIn(cast.employee)];

    expectProblem(await play(test, cast.code, customer), 404, 'TICKET_NOT_FOUND');
    expectProblem(await play(test, real, player), 404, 'TICKET_NOT_FOUND');
    const [nobody] = await test.database.query<object[]>(
      'SELECT count(player_id)::int AS n FROM tickets WHERE code = ANY ($1)',
      [[cast.code, real, unplayed]],
    );
    expect(nobody).toEqual({ n: 0 });
    expect((await play(test, cast.code, player)).status).toBe(200);
    // That it was played is as little a customer's to know.
    expectProblem(await play(test, cast.code, customer), 404, 'TICKET_NOT_FOUND');

    const acts = (code: string): [string, object][] => [
      [`/v1/claims/${code}/validate`, { identityChecked: true }],
      [`/v1/claims/${code}/refuse`, { reason: 'ID_MISSING' }],
    ];
    for (const [code, staff] of [
      [cast.code, employee],
      [cast.code, admin],
      [waiting, clerk],
    ] as const) {
      expectProblem(await test.client.get(`/v1/claims/${code}`, staff.accessToken), 404, 'TICKET_NOT_FOUND');
      for (const [path, body] of acts(code)) {
        expectProblem(await test.client.post(path, body, staff.accessToken), 404, 'TICKET_NOT_FOUND');
      }
    }
    const codes = async (staff: SessionBody, search = '') => {
      const path = `/v1/claims?status=pending&search=${search}`;
      return (await test.client.get<{ items: { code: string }[] }>(path, staff.accessToken)).body.items.map(
        ({ code }) => code,
      );
    };
    expect([await codes(employee), await codes(clerk)]).toEqual([[waiting], [cast.code]]);
    expect([await codes(employee, cast.code), await codes(clerk, waiting)]).toEqual([[], []]);
    const undo = await test.client.post(`/v1/claims/${cast.code}/undo`, { reason: 'because' }, admin.accessToken);
    expectProblem(undo, 404, 'TICKET_NOT_FOUND');
    await bench.stage.strike();
  });

  it('end with every door shut, whatever became of them', async () => {
    await createContest(test, { tickets: 5 });
    const cast = await bench.stage.prepare(NEVER);
    expect(await doors()).toEqual({ passwords: 2, sessions: 0, open: 1 });
    const player = await signedIn(cast.customer);
    await bench.stage.strike();
    expect(await doors()).toEqual(CLOSED);
    for (const credentials of [cast.customer, cast.employee]) {
      expectProblem(await login(credentials), 401, 'INVALID_CREDENTIALS');
    }
    expectProblem(await play(test, cast.code, player), 401, 'UNAUTHENTICATED');
    const refresh = await test.client.post('/v1/auth/refresh', { refreshToken: player.refreshToken });
    expectProblem(refresh, 401, 'INVALID_REFRESH_TOKEN');
    // Of a letter with a new password there is none.
    await test.client.post('/v1/auth/password/forgot', { email: cast.customer.email });
    const letters = await test.database.query<object[]>(`SELECT FROM letters WHERE user_id ${OF_SMOKE}`);
    expect(letters).toEqual([]);

    // A journey whose ticket somebody else has played meanwhile, as far as it can tell.
    await test.database.query('ALTER TABLE claim_events ADD CONSTRAINT no_more CHECK (false) NOT VALID');
    await expect(smoke()).rejects.toMatchObject({ step: 'claim', httpStatus: 500, problem: 'INTERNAL_ERROR' });
    expect(await doors()).toEqual(CLOSED);
    await test.database.query('ALTER TABLE claim_events DROP CONSTRAINT no_more');
    await expect(bench.smoke('http://127.0.0.1:9')).rejects.toMatchObject({ step: 'health' });
    expect(await doors()).toEqual(CLOSED);
    expect((await smoke()).steps).toHaveLength(12);
  });

  it('clear up after one that was killed, and not after one that is under way', async () => {
    const other = await smokeBench(test.config);
    try {
      const cast = await other.stage.prepare(NEVER);
      await bench.stage.strike();
      expect((await login(cast.customer)).status).toBe(200);
      await test.database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tiptop lock smoke-journey'`,
      );
      await bench.stage.strike();
      expect(await doors()).toEqual(CLOSED);
    } finally {
      await other.close();
    }
  });

  it('take turns where several are started at once', async () => {
    await createContest(test, { tickets: 5 });
    const others = await Promise.all([smokeBench(test.config), smokeBench(test.config)]);
    try {
      const reports = await Promise.all([bench, bench, ...others].map(({ smoke: run }) => run(test.client.url)));
      for (const { steps } of reports) expect(steps.filter(({ status }) => status !== 'passed')).toEqual([]);
      const [found] = await test.database.query<object[]>(
        `SELECT count(*)::int AS contests, (SELECT count(player_id)::int FROM tickets) AS played FROM contests WHERE id ${OF_SMOKE}`,
      );
      expect(found).toEqual({ contests: 1, played: 4 });
      expect(await doors()).toEqual(CLOSED);
    } finally {
      for (const { close } of others) await close();
    }
  });

  it('wait for their turn no longer than somebody wants them to', async () => {
    const other = await smokeBench(test.config);
    try {
      await other.stage.prepare(NEVER);
      await expect(bench.stage.prepare(AbortSignal.timeout(600))).rejects.toThrow();
      expect((await doors()).passwords).toBe(2);
      await other.stage.strike();
      expect((await smoke()).steps).toHaveLength(12);
    } finally {
      await other.close();
    }
  });

  it('get a new contest where few tickets are left, or another secret seals the decks', async () => {
    await smoke();
    await test.database.query(
      `DELETE FROM tickets WHERE code IN (
         SELECT code FROM tickets WHERE contest_id = $1 AND player_id IS NULL ORDER BY code LIMIT 480)`,
      [FIRST_CONTEST],
    );
    expect((await smoke()).steps).toHaveLength(12);
    const contests = () =>
      test.database.query<{ slug: string; played: number }[]>(
        `SELECT c.slug, count(t.player_id)::int AS played FROM contests c LEFT JOIN tickets t ON t.contest_id = c.id
         WHERE c.id ${OF_SMOKE} GROUP BY c.id ORDER BY c.id`,
      );
    expect(await contests()).toEqual([
      { slug: 'smoke-journey-1', played: 1 },
      { slug: 'smoke-journey-2', played: 1 },
    ]);
    const deckSecret = 'yet-another-secret-of-the-tests-that-seals-decks';
    const later = await test.replica({ deckSecret });
    const laterBench = await smokeBench(later.config);
    try {
      expect((await laterBench.smoke(later.client.url)).steps).toHaveLength(12);
      expect(await contests()).toHaveLength(3);
      // What can't be opened of them keeps no service from being well, not even while it is open.
      await bench.stage.prepare(NEVER);
      expect(await later.app.get(ContestRegistry).unopenable()).toEqual([]);
      expect(await contests()).toHaveLength(4);
      await bench.stage.strike();
    } finally {
      await laterBench.close();
    }
  });

  it('go on where a preparation was cut off between the contest and its tickets', async () => {
    await test.database.query('ALTER TABLE deck_pages ADD CONSTRAINT no_more CHECK (false) NOT VALID');
    await expect(smoke()).rejects.toThrow(/no_more/);
    await test.database.query('ALTER TABLE deck_pages DROP CONSTRAINT no_more');
    const [left] = await test.database.query<object[]>(
      `SELECT count(*)::int AS contests, (SELECT count(*)::int FROM tickets) AS tickets FROM contests`,
    );
    expect(left).toEqual({ contests: 1, tickets: 0 });
    expect(await doors()).toEqual(CLOSED);
    expect((await smoke()).steps).toHaveLength(12);
  });

  it('outlast their own wrong guesses, and an archive that somebody put their people in', async () => {
    const budget = { windowSeconds: 900, blockSeconds: 900, maxBlockSeconds: 9000 };
    const strict = await test.replica({
      codeAttempts: { ...budget, account: 2, underPressure: 2, address: 1000, contest: 1000 },
      loginAttempts: { ...budget, account: 2, address: 1000, everywhere: 2, underPressure: 1 },
    });
    await createContest(test, { tickets: 5 });
    const cast = await bench.stage.prepare(NEVER);
    const { body: player } = await strict.client.post<SessionBody>('/v1/auth/login', cast.customer);
    const guess = async () => play(strict, unknownCodes(1)[0], player);
    const answers = [await guess(), await guess(), await guess(), await guess()].map(({ status }) => status);
    expect(answers.at(-1)).toBe(429);
    const wrong = { ...cast.employee, password: 'a-wrong-one-of-the-tests' };
    const refused = [];
    for (let times = 0; times < 5; times++) refused.push((await strict.client.post('/v1/auth/login', wrong)).status);
    expect(refused.at(-1)).toBe(429);
    await bench.stage.strike();
    await test.database.query(`UPDATE users SET is_active = false, role = 'customer' WHERE id ${OF_SMOKE}`);
    expect((await bench.smoke(strict.client.url)).steps).toHaveLength(12);
  });

  it('are reminded of nothing, and forgotten by no retention', async () => {
    await smoke();
    await test.database.query(
      `UPDATE contests SET ends_at = now() + interval '1 hour', claim_ends_at = now() + interval '1 hour' WHERE id = $1`,
      [FIRST_CONTEST],
    );
    await test.database.query(
      `UPDATE tickets SET status = 'pending', player_id = $2, played_at = now() - interval '20 days', deck_position = 400,
         prize_id = (SELECT id FROM prizes WHERE contest_id = $1)
       WHERE code = (SELECT code FROM tickets WHERE contest_id = $1 AND player_id IS NULL LIMIT 1)`,
      [FIRST_CONTEST, CUSTOMER],
    );
    expect(await test.app.get(RemindersService).run()).toEqual({ posted: 0 });
    expect(await test.database.query('SELECT FROM reminders')).toEqual([]);

    await test.database.query(`UPDATE users SET last_active_at = '2000-01-01' WHERE id = ANY ($1)`, [
      [CUSTOMER, customer.user.id],
    ]);
    const { accounts } = await test.app.get(RetentionService).plan();
    expect(accounts.map(({ id }) => id)).toEqual([customer.user.id]);
  });

  it('are counted by an earlier release, and forgotten again when this one comes back', async () => {
    await createContest(test, { tickets: 5 });
    await smoke();
    await fold();
    const before = await everything();
    const migrator = new Migrator(test.config.databaseUrl ?? '', schema);
    let reverted = 0;
    for (let name = ''; name !== 'SmokeContest1795800000000'; reverted++) name = (await migrator.down()) ?? '';
    expect(reverted).toBeGreaterThan(0);
    await fold();
    const counted = await test.database.query<object[]>(
      `SELECT kind, n::int FROM counter_totals WHERE contest_id ${OF_SMOKE} ORDER BY kind`,
    );
    expect(counted).toEqual([
      { kind: 'claimed', n: 1 },
      { kind: 'played', n: 1 },
      { kind: 'printed', n: 500 },
    ]);
    await migrator.up();
    await fold();
    expect(await everything()).toEqual(before);
  });

  it('need no more rights than the service has', async () => {
    const roles = await twoRoles();
    await roles.migrator.up({ serviceRole: roles.service });
    const served = await startTestApp({ databaseUrl: roles.serviceUrl });
    const own = await smokeBench(served.config);
    try {
      for (let times = 0; times < 2; times++) {
        const { steps } = await own.smoke(served.client.url);
        expect(steps.filter(({ status }) => status !== 'passed')).toEqual([]);
      }
    } finally {
      await own.close();
      await served.stop();
      await roles.drop();
    }
  });
});
