import { randomUUID } from 'node:crypto';
import { type Contest, ContestRegistry, PrintRunService } from '@tiptop/game';
import { Client } from 'pg';
import type { ApiResponse } from '../support/api-client';
import { createContest, registerCustomers, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { createTestDatabase } from '../support/database';
import { deckFacts, expectDealtExactly, expectDeckHolds } from '../support/deck-facts';
import { play, withHands } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { until } from '../support/waiting';

const DAY_MS = 86_400_000;

interface RunBody {
  id: string;
  contestId: string;
  status: string;
  count: number;
  progress: number;
  reason: string | null;
  requestedBy: string;
  startedAt: string | null;
  finishedAt: string | null;
}

describe('A print run that an administrator asks for', () => {
  let test: TestApp;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
  });
  afterAll(async () => {
    await test.stop();
  });

  const planned = (): Promise<Contest> => createContest(test, { tickets: 0, startsAt: new Date(Date.now() + DAY_MS) });
  const print = (contest: Pick<Contest, 'id'>, count: unknown): Promise<ApiResponse<RunBody>> =>
    test.client.post(`/v1/admin/contests/${contest.id}/tickets`, { count }, admin.accessToken);
  const look = async (contest: Contest, id: string): Promise<RunBody> =>
    (await test.client.get<RunBody>(`/v1/admin/contests/${contest.id}/print-runs/${id}`, admin.accessToken)).body;
  const list = (contest: Pick<Contest, 'id'>, query = '') =>
    test.client.get<{ items: RunBody[]; nextCursor: string | null }>(
      `/v1/admin/contests/${contest.id}/print-runs${query}`,
      admin.accessToken,
    );
  const ended = async (contest: Contest, { id }: RunBody): Promise<RunBody> => {
    await until('the print run has ended', async () => (await look(contest, id)).finishedAt !== null);
    return look(contest, id);
  };
  const audited = async (id: string): Promise<unknown[]> =>
    test.database.query<object[]>(
      `SELECT action, actor_role AS role, details FROM audit_entries WHERE subject_id = $1 ORDER BY id`,
      [id],
    );
  const ticketsOf = async ({ id }: Contest): Promise<number> => {
    const [row] = await test.database.query<{ n: number }[]>(
      'SELECT count(*)::int AS n FROM tickets WHERE contest_id = $1',
      [id],
    );
    return row!.n;
  };
  /** A print run whose process has not been heard of for some seconds, and never will be. */
  const orphan = async (contest: Contest, status: 'queued' | 'running', silentSeconds: number): Promise<string> => {
    const [row] = await test.database.query<{ id: string }[]>(
      `INSERT INTO print_runs (contest_id, requested_by, count, status, progress, requested_at, started_at, heartbeat_at)
       VALUES ($1, $2, 1000, $3, 400, now(), CASE $3 WHEN 'running' THEN now() END,
         clock_timestamp() - make_interval(secs => $4)) RETURNING id`,
      [contest.id, admin.user.id, status, silentSeconds],
    );
    return row!.id;
  };

  it('is taken on at once, made in the background, and done when its tickets are there', async () => {
    const contest = await planned();
    const { status, body } = await print(contest, 2000);
    expect(status).toBe(202);
    expect(body).toEqual({
      id: expect.any(String) as string,
      contestId: contest.id,
      status: 'queued',
      count: 2000,
      progress: 0,
      reason: null,
      requestedBy: admin.user.id,
      requestedAt: expect.stringMatching(/Z$/) as string,
      startedAt: null,
      finishedAt: null,
    });
    const done = await ended(contest, body);
    expect(done).toMatchObject({ status: 'done', count: 2000, progress: 2000, reason: null });
    expect(done.startedAt).not.toBeNull();
    expect(await deckFacts(test, contest)).toEqual({ size: 2000, drawn: 0, dealt: 0, unplayed: 2000 });
    await expectDeckHolds(test, contest);
    expect(await audited(body.id)).toMatchObject([
      { action: 'print-run-started', role: 'admin', details: { contestId: contest.id, count: 2000 } },
      { action: 'print-run-done', role: 'service' },
    ]);
  });

  it('adds to those before it, and all are listed, the newest first', async () => {
    const contest = await planned();
    for (const count of [10, 20, 30]) await ended(contest, (await print(contest, count)).body);
    expect(await deckFacts(test, contest)).toMatchObject({ size: 60, unplayed: 60 });
    await expectDeckHolds(test, contest);
    const { body } = await list(contest);
    expect(body.items.map(({ count, status }) => [count, status])).toEqual([
      [30, 'done'],
      [20, 'done'],
      [10, 'done'],
    ]);
    const first = await list(contest, '?limit=2');
    const second = await list(contest, `?limit=2&cursor=${first.body.nextCursor ?? ''}`);
    expect([...first.body.items, ...second.body.items]).toEqual(body.items);
    expect(second.body.nextCursor).toBeNull();
  });

  it('shows how far it is while it is under way, and keeps edits out', async () => {
    const contest = await planned();
    const { body } = await print(contest, 120_000);
    const seen: RunBody[] = [];
    await until('some progress shows', async () => {
      seen.push(await look(contest, body.id));
      return seen.some(({ status, progress }) => status === 'running' && progress > 0);
    });
    expect(await ticketsOf(contest)).toBe(0);
    expect(seen.at(-1)!.progress).toBeLessThanOrEqual(120_000);
    const renaming = await test.client.request('PATCH', `/v1/admin/contests/${contest.id}`, {
      body: { name: 'Autre' },
      token: admin.accessToken,
    });
    // On a fast machine the edit may find the run done.
    expect([200, 409]).toContain(renaming.status);
    if (renaming.status === 409) expectProblem(renaming, 409, 'PRINT_RUN_UNDER_WAY');
    expect(await ended(contest, body)).toMatchObject({ status: 'done', progress: 120_000 });
    expect(await ticketsOf(contest)).toBe(120_000);
  });

  it('keeps an edit out for as long as it holds the contest', async () => {
    const contest = await planned();
    const runner = test.database.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT FROM contests WHERE id = $1 FOR NO KEY UPDATE', [contest.id]);
    const path = `/v1/admin/contests/${contest.id}`;
    const change = { body: { name: 'Autre' }, token: admin.accessToken };
    expectProblem(await test.client.request('PATCH', path, change), 409, 'PRINT_RUN_UNDER_WAY');
    await runner.rollbackTransaction();
    await runner.release();
    expect(await test.client.request('PATCH', path, change)).toMatchObject({ status: 200, body: { name: 'Autre' } });
  });

  it('is refused once the contest has begun with its tickets, on record, and nothing is added', async () => {
    const contest = await createContest(test, { tickets: 5 });
    expectProblem(await print(contest, 5), 409, 'PRINT_RUN_CLOSED');
    expect((await list(contest)).body.items).toEqual([]);
    expect(await ticketsOf(contest)).toBe(5);
    expect(await audited(contest.id)).toMatchObject([
      { action: 'print-run-refused', details: { reason: 'PRINT_RUN_CLOSED', count: 5 } },
    ]);
  });

  it('fails where the contest begins before it has its turn, and nothing is added', async () => {
    const contest = await createContest(test, { tickets: 5, startsAt: new Date(Date.now() + DAY_MS) });
    const runner = test.database.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT FROM contests WHERE id = $1 FOR NO KEY UPDATE', [contest.id]);
    const { body } = await print(contest, 5);
    await until('it runs', async () => (await look(contest, body.id)).status === 'running');
    await runner.query(`UPDATE contests SET starts_at = now() - interval '1 minute' WHERE id = $1`, [contest.id]);
    await runner.commitTransaction();
    await runner.release();
    expect(await ended(contest, body)).toMatchObject({ status: 'failed', reason: 'PRINT_RUN_CLOSED' });
    expect(await ticketsOf(contest)).toBe(5);
    await expectDeckHolds(test, contest);
  });

  it('comes to nothing where the contest begins while its tickets are being made', async () => {
    const contest = await createContest(test, { tickets: 5, startsAt: new Date(Date.now() + DAY_MS) });
    const making = test.app.get(PrintRunService).generate(contest.id, 10, () => {
      test.clock.moveTo(contest.startsAt);
    });
    await expect(making).rejects.toMatchObject({ code: 'PRINT_RUN_CLOSED' });
    test.clock.reset();
    expect(await ticketsOf(contest)).toBe(5);
    await expectDeckHolds(test, contest);
  });

  it.each([0, -1, 1.5, '5', null, 1_000_001])('is refused for a count of %j', async (count) => {
    const contest = await planned();
    expectInvalid(await print(contest, count), 'count');
    expect((await list(contest)).body.items).toEqual([]);
  });

  it('of a contest or an id that does not exist is not found', async () => {
    const contest = await planned();
    const other = await planned();
    const { body } = await print(other, 1);
    for (const id of [randomUUID(), 'nonsense']) {
      expectProblem(await print({ id }, 1), 404, 'CONTEST_NOT_FOUND');
      expectProblem(await list({ id }), 404, 'CONTEST_NOT_FOUND');
      const path = `/v1/admin/contests/${contest.id}/print-runs/${id}`;
      expectProblem(await test.client.get(path, admin.accessToken), 404, 'PRINT_RUN_NOT_FOUND');
    }
    const path = `/v1/admin/contests/${contest.id}/print-runs/${body.id}`;
    expectProblem(await test.client.get(path, admin.accessToken), 404, 'PRINT_RUN_NOT_FOUND');
    await ended(other, body);
  });

  it.each(['queued', 'running'] as const)(
    'that is %s is given up when its process has died, and another may follow',
    async (status) => {
      const contest = await planned();
      const id = await orphan(contest, status, 31);
      expect((await list(contest)).body.items).toMatchObject([{ id, status: 'failed', reason: 'INTERRUPTED' }]);
      expect(await ticketsOf(contest)).toBe(0);
      expect(await audited(id)).toMatchObject([{ action: 'print-run-failed', details: { reason: 'INTERRUPTED' } }]);
      const next = await print(contest, 3);
      expect(next.status).toBe(202);
      expect(await ended(contest, next.body)).toMatchObject({ status: 'done' });
      expect(await ticketsOf(contest)).toBe(3);
    },
  );

  it('is not given up while its process is heard of', async () => {
    const contest = await planned();
    const id = await orphan(contest, 'running', 20);
    expect(await look(contest, id)).toMatchObject({ status: 'running', progress: 400 });
    expectProblem(await print(contest, 3), 409, 'PRINT_RUN_UNDER_WAY');
    await test.database.query('DELETE FROM print_runs WHERE id = $1', [id]);
  });

  it('does not disturb the plays of another contest', async () => {
    const running = await createContest(test, { tickets: 200 });
    await test.app.get(ContestRegistry).reload();
    const contest = await planned();
    const customers = await registerCustomers(test, 8);
    const codes = await unplayedCodes(test, running, 200);
    const { body } = await print(contest, 40_000);
    const answers = await withHands(8, codes, (code, n) => play(test, code, customers[n % 8]!));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    await expectDealtExactly(test, running, 200);
    expect(await ended(contest, body)).toMatchObject({ status: 'done' });
    expect(await deckFacts(test, contest)).toEqual({ size: 40_000, drawn: 0, dealt: 0, unplayed: 40_000 });
  });
});

describe('A service that stops in the middle of a print run', () => {
  it('writes down that it was interrupted, and leaves no ticket', async () => {
    const database = await createTestDatabase();
    const test = await startTestApp({ databaseUrl: database.url });
    const admin = await signInAs(test, 'admin');
    const contest = await createContest(test, { tickets: 0, startsAt: new Date(Date.now() + DAY_MS) });
    const path = `/v1/admin/contests/${contest.id}`;
    await test.client.post(`${path}/tickets`, { count: 1_000_000 }, admin.accessToken);
    await until('it runs', async () => {
      const { body } = await test.client.get<{ items: RunBody[] }>(`${path}/print-runs`, admin.accessToken);
      return body.items[0]?.status === 'running';
    });
    await test.stop();
    expect(test.logLines().filter(({ level }) => level === 'error')).toEqual([]);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(
      `SELECT status, reason, (SELECT count(*)::int FROM tickets) AS tickets, (SELECT count(*)::int FROM decks) AS decks
       FROM print_runs`,
    );
    await client.end();
    await database.drop();
    expect(rows).toEqual([{ status: 'failed', reason: 'INTERRUPTED', tickets: 0, decks: 0 }]);
  });
});
