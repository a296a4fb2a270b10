import { randomUUID } from 'node:crypto';
import { createContest, registerCustomers, type SessionBody, unplayedCodes } from '../support/builders';
import { deckFacts, expectDeckHolds } from '../support/deck-facts';
import { play, shuffled, withHands } from '../support/plays';
import { tally } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

describe('Many customers at once', () => {
  let test: TestApp;
  let replica: TestApp;
  let customers: SessionBody[];

  beforeAll(async () => {
    test = await startTestApp();
    // Whoever decides must be the database: half of the requests go to another replica.
    replica = await test.replica();
    customers = await registerCustomers(test, 50);
  });
  afterAll(async () => {
    await test.stop();
  });

  const server = (place: number): TestApp => (place % 2 === 0 ? test : replica);

  /** Who the database says won each code. */
  async function winners(codes: readonly string[]): Promise<Map<string, string>> {
    const rows = await test.database.query<{ code: string; playerId: string }[]>(
      'SELECT code, player_id AS "playerId" FROM tickets WHERE code = ANY($1) AND player_id IS NOT NULL',
      [codes],
    );
    return new Map(rows.map(({ code, playerId }) => [code, playerId]));
  }

  it('50 on one code, a hundred times: one wins, 49 are told that the ticket was played, no card is lost', async () => {
    const contest = await createContest(test, { tickets: 120 });
    const codes = await unplayedCodes(test, contest, 100);
    for (const code of codes) {
      const answers = await Promise.all(customers.map((customer, place) => play(server(place), code, customer)));
      expect(tally(answers)).toEqual({ '200': 1, '409 TICKET_ALREADY_PLAYED': 49 });
      const told = customers[answers.findIndex(({ status }) => status === 200)];
      expect((await winners([code])).get(code)).toBe(told?.user.id);
    }
    // Of a hundred plays and 4900 refusals, a hundred positions: the losers drew nothing.
    expect(await deckFacts(test, contest)).toEqual({ size: 120, drawn: 100, dealt: 100, unplayed: 20 });
    await expectDeckHolds(test, contest);
  });

  it('20 codes and 20 customers who each try all of them: each code is won once', async () => {
    const contest = await createContest(test, { tickets: 20 });
    const codes = await unplayedCodes(test, contest, 20);
    const attempts = shuffled(codes.flatMap((code) => customers.slice(0, 20).map((customer) => ({ code, customer }))));
    const answers = await withHands(40, attempts, ({ code, customer }, place) => play(server(place), code, customer));
    expect(tally(answers)).toEqual({ '200': 20, '409 TICKET_ALREADY_PLAYED': 380 });
    const told = new Map(
      attempts.flatMap(({ code, customer }, place) =>
        answers[place]?.status === 200 ? [[code, customer.user.id] as const] : [],
      ),
    );
    expect(told.size).toBe(20);
    expect(await winners(codes)).toEqual(told);
    expect(await deckFacts(test, contest)).toEqual({ size: 20, drawn: 20, dealt: 20, unplayed: 0 });
    await expectDeckHolds(test, contest);
  });

  it('one customer whose phone sends the same play ten times at once: one play, ten times its answer', async () => {
    const contest = await createContest(test, { tickets: 10 });
    const codes = await unplayedCodes(test, contest, 10);
    for (const [place, code] of codes.entries()) {
      const customer = customers[place]!;
      const headers = { 'idempotency-key': randomUUID() };
      const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => play(server(n), code, customer, headers)));
      expect(tally(answers)).toEqual({ '200': 10 });
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      const again = await play(test, code, customer, headers);
      expect(again.body).toEqual(answers[0]?.body);
    }
    expect(await deckFacts(test, contest)).toEqual({ size: 10, drawn: 10, dealt: 10, unplayed: 0 });
  });

  it('one key for two codes at once: one is played, the other refused, and both stay so', async () => {
    const contest = await createContest(test, { tickets: 40 });
    const codes = await unplayedCodes(test, contest, 40);
    for (let pair = 0; pair < 20; pair++) {
      const customer = customers[pair]!;
      const headers = { 'idempotency-key': `pair-${pair}` };
      const two = codes.slice(2 * pair, 2 * pair + 2);
      const answers = await Promise.all(two.map((code, n) => play(server(n), code, customer, headers)));
      expect(tally(answers)).toEqual({ '200': 1, '409 IDEMPOTENCY_KEY_REUSED': 1 });
      const again = await Promise.all(two.map((code, n) => play(server(n + 1), code, customer, headers)));
      expect(again.map(({ body }) => (body as { code?: string }).code)).toEqual(
        answers.map(({ body }) => (body as { code?: string }).code),
      );
    }
    expect(await deckFacts(test, contest)).toMatchObject({ dealt: 20, unplayed: 20 });
    // The refused halves are still to be won, by the same customers under another key or by others.
    const left = await unplayedCodes(test, contest, 20);
    const rest = await withHands(10, left, (code, place) => play(test, code, customers[place]!));
    expect(tally(rest)).toEqual({ '200': 20 });
    await expectDeckHolds(test, contest);
  });

  it('two customers who chose the same key don’t get in each other’s way', async () => {
    const contest = await createContest(test, { tickets: 50 });
    const codes = await unplayedCodes(test, contest, 50);
    const headers = { 'idempotency-key': 'the-same-for-everybody' };
    const answers = await Promise.all(customers.map((one, place) => play(test, codes[place], one, headers)));
    expect(tally(answers)).toEqual({ '200': 50 });
  });

  it('none of it is an error of the service', () => {
    const lines = [...test.logLines(), ...replica.logLines()];
    expect(lines.length).toBeGreaterThan(5000);
    expect(lines.filter(({ level, status }) => level === 'error' || Number(status) >= 500)).toEqual([]);
  });
});
