import { type Contest, DeckService } from '@tiptop/game';
import { allocateShares } from '../../libs/game/src/domain/shares';
import type { TestApp } from './test-app';

/** What the database says of a contest's deck. */
export interface DeckFacts {
  /** Cards in the deck. */
  size: number;
  /** Positions that the sequence gave out, beyond the deck's end included. */
  drawn: number;
  /** Positions in the hands of played tickets. */
  dealt: number;
  /** Tickets that nobody has played. */
  unplayed: number;
}

export async function deckFacts({ database }: TestApp, contest: Contest): Promise<DeckFacts> {
  const [deck] = await database.query<{ size: number; sequenceName: string }[]>(
    'SELECT size, sequence_name AS "sequenceName" FROM decks WHERE contest_id = $1',
    [contest.id],
  );
  if (!deck) throw new Error('The contest has no deck');
  const [sequence] = await database.query<{ drawn: string }[]>(
    `SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS drawn FROM ${deck.sequenceName}`,
  );
  const [tickets] = await database.query<{ dealt: string; unplayed: string }[]>(
    `SELECT count(deck_position) AS dealt, count(*) FILTER (WHERE player_id IS NULL) AS unplayed
     FROM tickets WHERE contest_id = $1`,
    [contest.id],
  );
  return {
    size: deck.size,
    drawn: Number(sequence?.drawn),
    dealt: Number(tickets?.dealt),
    unplayed: Number(tickets?.unplayed),
  };
}

/** How often each prize was won, in the order of the contest's list. */
export async function wonCounts({ database }: TestApp, contest: Contest): Promise<number[]> {
  const rows = await database.query<{ won: string }[]>(
    `SELECT count(t.code) AS won FROM prizes p LEFT JOIN tickets t ON t.prize_id = p.id
     WHERE p.contest_id = $1 GROUP BY p.ordinal ORDER BY p.ordinal`,
    [contest.id],
  );
  return rows.map(({ won }) => Number(won));
}

/** How often each prize has to be won in the end, by the contest's weights. */
export async function exactCounts({ database }: TestApp, contest: Contest, tickets: number): Promise<number[]> {
  const rows = await database.query<{ weight: number }[]>(
    'SELECT weight FROM prizes WHERE contest_id = $1 ORDER BY ordinal',
    [contest.id],
  );
  return allocateShares(
    tickets,
    rows.map(({ weight }) => weight),
  );
}

/** Asserts that every ticket was played, that each prize came out exactly as often as announced, and as committed to. */
export async function expectDealtExactly(test: TestApp, contest: Contest, tickets: number): Promise<void> {
  expect(await deckFacts(test, contest)).toMatchObject({ size: tickets, dealt: tickets, unplayed: 0 });
  expect(await wonCounts(test, contest)).toEqual(await exactCounts(test, contest, tickets));
  await expectDeckHolds(test, contest);
}

/** Asserts that deck and commitment are whole, and that every prize won so far is the one its position holds. */
export async function expectDeckHolds({ app }: TestApp, contest: Contest): Promise<void> {
  expect(await app.get(DeckService).verify(contest.id)).toMatchObject({
    commitmentHolds: true,
    cardsIntact: true,
    wrongPrizes: 0,
    holds: true,
  });
}
