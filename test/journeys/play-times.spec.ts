import type { Contest } from '@tiptop/game';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { moveTo, signInAgain } from '../support/clock-moves';
import { play, unknownCodes } from '../support/plays';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const DAY_MS = 86_400_000;

describe('The calendar of the contest', () => {
  let test: TestApp;
  let contest: Contest;
  let codes: string[];
  let customer: SessionBody;
  let employee: SessionBody;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    customer = await registerCustomer(test);
    employee = await signInAs(test, 'employee');
    admin = await signInAs(test, 'admin');
    contest = await createContest(test, { tickets: 40, startsAt: new Date(Date.now() + 10 * DAY_MS) });
    codes = await unplayedCodes(test, contest, 40);
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const freshCode = (): string => codes.pop() ?? '';
  const validate = (code: string, by: SessionBody): ReturnType<TestApp['client']['post']> =>
    test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, by.accessToken);

  it('is thirty days to play and thirty more to play and fetch', () => {
    expect(contest.endsAt.getTime() - contest.startsAt.getTime()).toBe(30 * DAY_MS);
    expect(contest.claimEndsAt.getTime() - contest.endsAt.getTime()).toBe(30 * DAY_MS);
  });

  it('does not open before its start', async () => {
    for (const before of [10 * DAY_MS, 60_000, 5000]) {
      const [player] = await moveTo(test, contest.startsAt, -before, customer);
      const code = freshCode();
      expectProblem(await play(test, code, player!), 403, 'CONTEST_NOT_OPEN');
      expectProblem(await play(test, unknownCodes(1)[0], player!), 403, 'CONTEST_NOT_OPEN');
      expectProblem(await play(test, 'ABC', player!), 400, 'INVALID_CODE_FORMAT');
      codes.unshift(code);
    }
  });

  it.each([
    ['at its very start', () => contest.startsAt, 0],
    ['in the middle', () => contest.startsAt, 15 * DAY_MS],
    ['a moment before tickets cease to be handed out', () => contest.endsAt, -5000],
    ['when tickets are no longer handed out', () => contest.endsAt, 0],
    ['four weeks after that', () => contest.endsAt, 28 * DAY_MS],
    ['shortly before the end of claims', () => contest.claimEndsAt, -30_000],
  ])('is open %s, and hands over', async (_, instant, offset) => {
    const [player, staff] = await moveTo(test, instant(), offset, customer, employee);
    const code = freshCode();
    const answer = await play(test, code, player!);
    expect(answer.status).toBe(200);
    expect(Math.abs(new Date(answer.body.ticket.playedAt).getTime() - instant().getTime() - offset)).toBeLessThan(
      30_000,
    );
    expect((await validate(code, staff!)).status).toBe(200);
  });

  it('is closed from the end of claims on: no play, no hand-over, no refusal', async () => {
    const [player] = await moveTo(test, contest.claimEndsAt, -30_000, customer);
    const [won, handedOver] = [freshCode(), freshCode()];
    for (const code of [won, handedOver]) expect((await play(test, code, player!)).status).toBe(200);
    const staffThen = await signInAgain(test, employee);
    expect((await validate(handedOver, staffThen)).status).toBe(200);

    for (const after of [0, 5000, 400 * DAY_MS]) {
      const [late, staff, boss] = await moveTo(test, contest.claimEndsAt, after, customer, employee, admin);
      const code = freshCode();
      expectProblem(await play(test, code, late!), 403, 'CONTEST_NOT_OPEN');
      expectProblem(await play(test, won, late!), 403, 'CONTEST_NOT_OPEN');
      const english = await test.client.post(
        `/v1/claims/${won}/validate`,
        { identityChecked: true },
        staff!.accessToken,
        { 'accept-language': 'en' },
      );
      expect(expectProblem(english, 403, 'CLAIM_PERIOD_OVER').detail).toMatch(/period .* is over/);
      expect(expectProblem(await validate(won, boss!), 403, 'CLAIM_PERIOD_OVER').detail).toMatch(/période .* terminée/);
      const refusal = await test.client.post(`/v1/claims/${won}/refuse`, { reason: 'OTHER' }, staff!.accessToken);
      expectProblem(refusal, 403, 'CLAIM_PERIOD_OVER');
      // What the ticket itself forbids is said first, whatever the date.
      expectProblem(await validate(handedOver, staff!), 409, 'TICKET_ALREADY_CLAIMED');
      expectProblem(await validate(code, staff!), 409, 'TICKET_NOT_PENDING');
      codes.unshift(code);
    }
    const [row] = await test.database.query<{ status: string; events: string }[]>(
      `SELECT status, (SELECT count(*) FROM claim_events WHERE ticket_code = code) AS events FROM tickets WHERE code = $1`,
      [won],
    );
    expect(row).toEqual({ status: 'pending', events: '0' });
  });

  it('says so in French and in English', async () => {
    const say = async (language: string): Promise<string> =>
      expectProblem(await play(test, codes[0], customer, { 'accept-language': language }), 403, 'CONTEST_NOT_OPEN')
        .detail;
    expect(await say('fr')).toMatch(/pas ouvert/);
    expect(await say('en')).toMatch(/not open/);
  });

  it('lets an admin take a hand-over back even later, so that the record can be put right', async () => {
    const [player, staff] = await moveTo(test, contest.endsAt, 0, customer, employee);
    const code = freshCode();
    await play(test, code, player!);
    await validate(code, staff!);
    const [boss] = await moveTo(test, contest.claimEndsAt, DAY_MS, admin);
    const undone = await test.client.post(`/v1/claims/${code}/undo`, { reason: 'Erreur de caisse' }, boss!.accessToken);
    expect(undone.status).toBe(200);
  });

  it('closes at once when an operator ends the contest early, whatever a replica still remembers', async () => {
    const short = await createContest(test, { tickets: 2, startsAt: new Date(Date.now() - 1000) });
    const [first, second] = await unplayedCodes(test, short, 2);
    expect((await play(test, first, customer)).status).toBe(200);
    await test.database.query(
      `UPDATE contests SET ends_at = starts_at + interval '1 ms', claim_ends_at = starts_at + interval '1 ms' WHERE id = $1`,
      [short.id],
    );
    expectProblem(await play(test, second, customer), 403, 'CONTEST_NOT_OPEN');
    const [row] = await test.database.query<{ status: string }[]>('SELECT status FROM tickets WHERE code = $1', [
      second,
    ]);
    expect(row?.status).toBe('unclaimed');
  });

  describe('when one contest follows another', () => {
    it('plays each one’s tickets in its own time, both where they overlap', async () => {
      const next = await createContest(test, {
        tickets: 5,
        startsAt: new Date(contest.claimEndsAt.getTime() - 10 * DAY_MS),
      });
      const [before, during, after] = await unplayedCodes(test, next, 5);
      const [early] = await moveTo(test, next.startsAt, -DAY_MS, customer);
      expectProblem(await play(test, before, early!), 403, 'CONTEST_NOT_OPEN');
      expect((await play(test, freshCode(), early!)).status).toBe(200);

      const [both] = await moveTo(test, next.startsAt, DAY_MS, customer);
      const older = await play(test, freshCode(), both!);
      const newer = await play(test, during, both!);
      expect([older.status, newer.status]).toEqual([200, 200]);
      expect(older.body.ticket.claimEndsAt).toBe(contest.claimEndsAt.toISOString());
      expect(newer.body.ticket.claimEndsAt).toBe(next.claimEndsAt.toISOString());

      const [late] = await moveTo(test, contest.claimEndsAt, DAY_MS, customer);
      expectProblem(await play(test, freshCode(), late!), 403, 'CONTEST_NOT_OPEN');
      expect((await play(test, after, late!)).status).toBe(200);
    });
  });
});
