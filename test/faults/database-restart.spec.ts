import { randomUUID } from 'node:crypto';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contest, DeckService } from '@tiptop/game';
import { EmbeddedPostgres, Migrator } from '@tiptop/platform';
import { Client } from 'pg';
import { schema } from '../../migrations/data-source';
import '../support/one-realm';
import type { ApiResponse } from '../support/api-client';
import { createContest, registerCustomers, type SessionBody, unplayedCodes } from '../support/builders';
import { deckFacts, expectDealtExactly } from '../support/deck-facts';
import { play, type PlayBody, shuffled, withHands } from '../support/plays';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const CLIENTS = 16;
const TICKETS = 400;
/** Codes that two clients want; each of the others belongs to one client. */
const CONTESTED = 80;

interface Outcome {
  client: number;
  code: string;
  /** Status of the last answer, and what it was. */
  answer: ApiResponse<PlayBody>;
  /** How often it was sent. */
  sent: number;
}

describe('A database that dies under load', () => {
  let dataDir: string;
  let port: string;
  let server: EmbeddedPostgres;
  let test: TestApp;
  let players: SessionBody[];
  let contest: Contest;
  let codes: string[];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tiptop-faults-'));
    // Commits are durable here, as they are in production. Only a power cut needs fsync; a process's death does not.
    server = await EmbeddedPostgres.start({ dataDir, database: 'tiptop', settings: { fsync: 'off' } });
    port = new URL(server.url).port;
    await new Migrator(server.url, schema).up();
    test = await startTestApp({ databaseUrl: server.url });
    players = await registerCustomers(test, CLIENTS);
    contest = await createContest(test, { tickets: TICKETS });
    codes = await unplayedCodes(test, contest, TICKETS);
  });
  afterAll(async () => {
    await test.stop();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** Ends the server as a crash would. */
  async function kill(signal: 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    const [pid = ''] = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), signal);
  }
  async function onServer(sql: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: server.urlFor('postgres') });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }
  async function restart(): Promise<void> {
    server = await EmbeddedPostgres.start({ dataDir, database: 'tiptop', settings: { fsync: 'off', port } });
    expect(new URL(server.url).port).toBe(port);
  }

  let played = 0;
  let hungUp = 0;
  let refusals: ApiResponse[] = [];

  /** Sends a play and hangs up within moments, as a phone in a lift does: played or not, nobody was told. */
  async function playAndHangUp(client: number, code: string, headers: Record<string, string>): Promise<void> {
    const call = request(`${test.client.url}/v1/tickets/play`, {
      method: 'POST',
      agent: false,
      headers: {
        ...headers,
        'content-type': 'application/json',
        authorization: `Bearer ${players[client]!.accessToken}`,
      },
    });
    call.on('error', () => hungUp++);
    call.end(JSON.stringify({ code }));
    await sleep(1 + Math.random() * 12);
    call.destroy();
  }

  /** Plays a code as a phone does that wants to know: again and again under one key until there is an answer. */
  async function playUntilAnswered(client: number, code: string): Promise<Outcome> {
    const headers = { 'idempotency-key': `${client}-${code}` };
    const deadline = Date.now() + 50_000;
    if (Math.random() < 0.2) await playAndHangUp(client, code, headers);
    for (let sent = 1; ; sent++) {
      try {
        const answer = await play(test, code, players[client]!, headers);
        if (answer.status !== 503) {
          played++;
          return { client, code, answer, sent };
        }
        refusals.push(answer);
      } catch (error) {
        // A connection that broke off says nothing of the play; asking again does.
        if (!(error instanceof TypeError)) throw error;
      }
      if (Date.now() > deadline) throw new Error(`No answer for client ${client}`);
      await sleep(50 + Math.random() * 100);
    }
  }

  /** Waits until that many plays have their answer. */
  async function whenPlayed(count: number): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (played < count && Date.now() < deadline) await sleep(2);
  }

  it('costs nobody a prize and wins nobody two: 16 clients play through four faults of the server', async () => {
    const attempts = shuffled(
      codes.flatMap((code, place) => {
        const owner = place % CLIENTS;
        return place < CONTESTED
          ? [owner, (owner + 5) % CLIENTS].map((client) => ({ client, code }))
          : [{ client: owner, code }];
      }),
    );
    const load = withHands(CLIENTS, attempts, ({ client, code }) => playUntilAnswered(client, code));
    // Where an expectation below fails first, that is what is reported.
    load.catch(() => undefined);

    // Its connections are ended by an operator, or by a failover.
    await whenPlayed(60);
    await onServer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tiptop'`);
    await expectRecovery();
    // One of its processes crashes: it throws everybody out and begins anew by itself.
    await whenPlayed(130);
    const [backend] = await onServer(`SELECT pid FROM pg_stat_activity WHERE application_name = 'tiptop' LIMIT 1`);
    process.kill(Number(backend?.['pid']), 'SIGKILL');
    await expectRecovery();
    // The whole of it is gone, and somebody starts it again.
    for (const [signal, after] of [
      ['SIGQUIT', 200],
      ['SIGKILL', 300],
    ] as const) {
      await whenPlayed(after);
      refusals = [];
      await kill(signal);
      await expectOutage();
      await restart();
      await expectRecovery();
    }
    const outcomes = await load;

    // Each attempt had an answer of its own, and nobody was told that the service broke.
    expect(outcomes).toHaveLength(attempts.length);
    const wins = outcomes.filter(({ answer }) => answer.status === 200);
    const losses = outcomes.filter(({ answer }) => answer.status !== 200);
    for (const { answer } of losses) expectProblem(answer, 409, 'TICKET_ALREADY_PLAYED');
    expect(wins).toHaveLength(TICKETS);
    expect(losses).toHaveLength(CONTESTED);
    expect(outcomes.some(({ sent }) => sent > 1)).toBe(true);
    expect(hungUp).toBeGreaterThan(0);

    // Who believes to have won is who has won, and the prize is the one that was shown.
    const rows = await test.database.query<{ code: string; playerId: string; prizeId: string; playedAt: Date }[]>(
      `SELECT code, player_id AS "playerId", prize_id AS "prizeId", played_at AS "playedAt" FROM tickets ORDER BY code`,
    );
    const believed = wins.map(({ client, code, answer: { body } }) => ({
      code,
      playerId: players[client]!.user.id,
      prizeId: body.prize.id,
      playedAt: new Date(body.ticket.playedAt),
    }));
    expect(rows).toEqual(believed.sort((a, b) => (a.code < b.code ? -1 : 1)));

    // The crashes lost positions that the sequence had given out; the totals are exact all the same.
    const facts = await deckFacts(test, contest);
    expect(facts.drawn).toBeGreaterThan(TICKETS);
    await expectDealtExactly(test, contest, TICKETS);
    const log = test.logLines().filter(({ status }) => Number(status) >= 500);
    expect(log.length).toBeGreaterThan(0);
    expect(log.filter(({ status }) => status !== 503)).toEqual([]);
  });

  /** While the server is down: 503 to everybody, with the time to wait, and not healthy. */
  async function expectOutage(): Promise<void> {
    const deadline = Date.now() + 20_000;
    let health = await test.client.get<{ status: string; checks: unknown }>('/health');
    while (health.status === 200 && Date.now() < deadline) {
      await sleep(10);
      health = await test.client.get('/health');
    }
    expect(health.status).toBe(503);
    expect(health.body).toEqual({ status: 'error', checks: { database: 'down' } });
    expect((await test.client.get('/health/ready')).status).toBe(503);
    expect((await test.client.get('/health/live')).status).toBe(200);
    const answers = await Promise.all([
      play(test, codes[0], players[0]!, { 'idempotency-key': randomUUID() }),
      play(test, 'not a code', players[0]!),
      test.client.get('/v1/users/me/tickets', players[0]!.accessToken),
      test.client.post('/v1/auth/login', { email: 'nobody@example.fr', password: 'trois-tasses-de-sencha' }),
    ]);
    for (const answer of [...answers, ...refusals.slice(0, 20)]) {
      const problem = expectProblem(answer, 503, 'DATABASE_UNAVAILABLE');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      // Nothing of the cause: no address, no driver, no SQL.
      expect(JSON.stringify(problem)).not.toMatch(/ECONN|127\.0\.0\.1|postgres|terminat|SELECT/i);
    }
    const english = await play(test, codes[0], players[0]!, { 'accept-language': 'en', 'idempotency-key': 'x' });
    expect(expectProblem(english, 503, 'DATABASE_UNAVAILABLE').detail).toMatch(/unavailable/);
    // What is known of the contest is still told.
    expect((await test.client.get('/v1/contest')).status).toBe(200);
  }

  /** When it is back: healthy again, without anybody's doing, and all that was dealt is right. */
  async function expectRecovery(): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const health = await test.client.get('/health');
      // A crash is noticed a moment after it happened: the first question may be the one that is cut off.
      const verified = await test.app
        .get(DeckService)
        .verify(contest.id)
        .catch(() => undefined);
      if ((health.status === 200 && verified) || Date.now() > deadline) {
        expect({ health: health.status, deck: verified?.holds }).toEqual({ health: 200, deck: true });
        return;
      }
      await sleep(20);
    }
  }
});
