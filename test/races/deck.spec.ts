import { setTimeout as sleep } from 'node:timers/promises';
import type { Contest, ContestPreset } from '@tiptop/game';
import fc from 'fast-check';
import { createContest, registerCustomers, type SessionBody, unplayedCodes } from '../support/builders';
import { deckFacts, expectDealtExactly, expectDeckHolds } from '../support/deck-facts';
import { play, shuffled, withHands } from '../support/plays';
import { tally } from '../support/problem';
import { RawPlay } from '../support/raw-play';
import { startTestApp, type TestApp } from '../support/test-app';

/** Prizes of the given weights. */
function prizesOf(weights: readonly number[]): ContestPreset['prizes'] {
  return weights.map((weight, place) => ({
    name: `Lot ${place}`,
    description: `Le lot numéro ${place}`,
    valueCents: place * 100,
    currency: 'EUR',
    weight,
  }));
}

describe('A deck that is dealt by many hands', () => {
  let test: TestApp;
  let players: SessionBody[];

  beforeAll(async () => {
    test = await startTestApp();
    players = await registerCustomers(test, 20);
  });
  afterAll(async () => {
    await test.stop();
  });

  const player = (place: number): SessionBody => players[place % players.length]!;

  /** A contest that alone is open, so that nothing of an earlier one gets in its way. */
  async function soleContest(tickets: number, weights: readonly number[]): Promise<Contest> {
    await test.database.query(
      `UPDATE contests SET starts_at = starts_at - interval '200 days', ends_at = ends_at - interval '200 days',
         claim_ends_at = claim_ends_at - interval '200 days' WHERE claim_ends_at > now()`,
    );
    return createContest(test, { tickets, prizes: prizesOf(weights) });
  }

  /** Makes the sequence give out positions that no play will ever use. */
  async function losePositions(contest: Contest, count: number): Promise<void> {
    await test.database.query(
      `SELECT nextval(sequence_name::regclass) FROM decks, generate_series(1, $2::int) WHERE contest_id = $1`,
      [contest.id, count],
    );
  }

  it('comes out in the exact proportions for any print run and any shares, with aborted plays in between', async () => {
    const contests = fc.record({
      tickets: fc.integer({ min: 1, max: 60 }),
      weights: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 7 }),
      hands: fc.integer({ min: 1, max: 12 }),
      // One in this many plays is preceded by one that is rolled back.
      abortEvery: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(contests, async ({ tickets, weights, hands, abortEvery }) => {
        const contest = await soleContest(tickets, weights);
        const codes = await unplayedCodes(test, contest, tickets);
        const answers = await withHands(hands, codes, async (code, place) => {
          if (place % abortEvery === 0) {
            const aborted = await RawPlay.begin(test, contest, code, player(place).user.id);
            await (place % 2 === 0 ? aborted.rollback() : aborted.vanish());
          }
          return play(test, code, player(place));
        });
        expect(tally(answers)).toEqual({ 200: tickets });
        await expectDealtExactly(test, contest, tickets);
      }),
      { numRuns: 12 },
    );
  });

  it('deals the very last tickets though more positions were lost than the deck has', async () => {
    const contest = await soleContest(30, [60, 20, 10, 6, 4]);
    const codes = await unplayedCodes(test, contest, 30);
    const first = await withHands(4, codes.slice(0, 10), (code, place) => play(test, code, player(place)));
    await losePositions(contest, 500);
    const last = await withHands(1, codes.slice(10), (code, place) => play(test, code, player(place)));
    expect(tally([...first, ...last])).toEqual({ 200: 30 });
    await expectDealtExactly(test, contest, 30);
  });

  it('deals twenty lost positions to twenty players who come for the last twenty tickets at once', async () => {
    for (const [before, weights] of [
      [0, [1, 1]],
      [40, [60, 20, 10, 6, 4]],
      [7, [3, 2, 1]],
    ] as const) {
      const contest = await soleContest(before + 20, weights);
      const codes = await unplayedCodes(test, contest, before + 20);
      const lost = [];
      for (let n = 0; n < 20; n++) {
        lost.push(await RawPlay.begin(test, contest, codes[before + n]!, player(n).user.id));
      }
      await Promise.all(lost.map((aborted) => aborted.rollback()));
      const early = await withHands(8, codes.slice(0, before), (code, place) => play(test, code, player(place)));
      expect(tally(early)).toEqual(before === 0 ? {} : { 200: before });
      expect(await deckFacts(test, contest)).toMatchObject({ drawn: before + 20, dealt: before, unplayed: 20 });
      const late = await Promise.all(codes.slice(before).map((code, place) => play(test, code, player(place))));
      expect(tally(late)).toEqual({ 200: 20 });
      await expectDealtExactly(test, contest, before + 20);
    }
  });

  it('deals a lost position once, to one of twenty players on the last ticket', async () => {
    const contest = await soleContest(5, [2, 1]);
    const codes = await unplayedCodes(test, contest, 5);
    await losePositions(contest, 5);
    await withHands(1, codes.slice(1), (code, place) => play(test, code, player(place)));
    const answers = await Promise.all(players.map((one) => play(test, codes[0], one)));
    expect(tally(answers)).toEqual({ '200': 1, '409 TICKET_ALREADY_PLAYED': 19 });
    await expectDealtExactly(test, contest, 5);
  });

  describe('while plays that drew the last positions are still under way', () => {
    /** Three positions held by open plays, two lost, and two players who come for what is left. */
    async function sweepDuring(end: (held: RawPlay, place: number) => Promise<void>): Promise<Contest> {
      const contest = await soleContest(12, [5, 4, 3]);
      const codes = await unplayedCodes(test, contest, 12);
      await withHands(3, codes.slice(0, 7), (code, place) => play(test, code, player(place)));
      // The open plays hold the lower positions, which a sweep comes to first.
      const held = [];
      for (const [place, code] of codes.slice(7, 10).entries()) {
        held.push(await RawPlay.begin(test, contest, code, player(place).user.id));
      }
      await losePositions(contest, 2);
      expect(held.map(({ won }) => won)).toEqual([true, true, true]);
      const sweeping = Promise.all(codes.slice(10).map((code, place) => play(test, code, player(place))));
      // Long enough for the sweep to meet the open plays; it must come out right whether or not it did.
      await sleep(150);
      for (const [place, one] of held.entries()) {
        await end(one, place);
        await sleep(20);
      }
      expect(tally(await sweeping)).toEqual({ 200: 2 });
      await expectDeckHolds(test, contest);
      const { unplayed } = await deckFacts(test, contest);
      const left = await unplayedCodes(test, contest, unplayed);
      const answers = await Promise.all(left.map((code, place) => play(test, code, player(place))));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      return contest;
    }

    it('waits for those that end well, and deals none of their cards twice', async () => {
      const contest = await sweepDuring((held) => held.commit());
      await expectDealtExactly(test, contest, 12);
    });

    it('takes over the cards of those that are rolled back', async () => {
      const contest = await sweepDuring((held) => held.rollback());
      await expectDealtExactly(test, contest, 12);
    });

    it('tells the ones from the others', async () => {
      const contest = await sweepDuring((held, place) => (place === 1 ? held.commit() : held.rollback()));
      await expectDealtExactly(test, contest, 12);
    });
  });

  it('comes out exactly when plays, aborted plays and second-comers meet all through the print run', async () => {
    const contest = await soleContest(80, [60, 20, 10, 6, 4]);
    const codes = await unplayedCodes(test, contest, 80);
    const attempts = shuffled([...codes, ...codes]);
    const answers = await withHands(16, attempts, async (code, place) => {
      if (place % 5 === 0) await (await RawPlay.begin(test, contest, code, player(place).user.id)).rollback();
      return play(test, code, player(place));
    });
    expect(tally(answers)).toEqual({ '200': 80, '409 TICKET_ALREADY_PLAYED': 80 });
    await expectDealtExactly(test, contest, 80);
  });
});
