import { type Contest, DeckService, isCheckedCode, PrintRunService } from '@tiptop/game';
import { createContest, registerCustomers, type SessionBody, unplayedCodes } from '../support/builders';
import { deckFacts, exactCounts, expectDeckHolds } from '../support/deck-facts';
import { play, withHands } from '../support/plays';
import { startTestApp, type TestApp } from '../support/test-app';

const TICKETS = 500_000;

describe('The print run of the contest, 500,000 tickets', () => {
  let test: TestApp;
  let contest: Contest;

  beforeAll(async () => {
    test = await startTestApp();
    contest = await createContest(test, { tickets: 0 });
    await test.app.get(PrintRunService).generate(contest.id, TICKETS);
  });
  afterAll(async () => {
    await test.stop();
  });

  it('holds each prize in the exact proportion, sealed, committed to and undealt', async () => {
    // verify() repeats the shuffle of exactly these counts and finds it in the stored pages, card by card.
    expect(await exactCounts(test, contest, TICKETS)).toEqual([300_000, 100_000, 50_000, 30_000, 20_000]);
    await expectDeckHolds(test, contest);
    expect(await deckFacts(test, contest)).toEqual({ size: TICKETS, drawn: 0, dealt: 0, unplayed: TICKETS });
    const [page] = await test.database.query<{ kinds: number }[]>(
      `SELECT count(DISTINCT get_byte(cards, n))::int AS kinds FROM deck_pages, generate_series(0, 1023) n
       WHERE contest_id = $1 AND page = 7`,
      [contest.id],
    );
    // Five kinds of card lie there, and a page shows nearly all of the 256 bytes there are: it tells nothing.
    expect(Number(page?.kinds)).toBeGreaterThan(200);
  });

  it('has distinct codes with a right check character, spread over the whole space', async () => {
    const rows = await test.database.query<{ first: string; count: string }[]>(
      `SELECT left(code, 1) AS first, count(*) FROM tickets WHERE contest_id = $1 GROUP BY 1`,
      [contest.id],
    );
    expect(rows).toHaveLength(30);
    for (const { count } of rows) expect(Math.abs(Number(count) - TICKETS / 30)).toBeLessThan(1000);
    const codes = await unplayedCodes(test, contest, 20_000);
    expect(codes.every(isCheckedCode)).toBe(true);
  });

  it('deals by its secret deck: every prize won, on whatever page and place, is the one it holds there', async () => {
    const [deck] = await test.database.query<{ sequenceName: string }[]>(
      'SELECT sequence_name AS "sequenceName" FROM decks WHERE contest_id = $1',
      [contest.id],
    );
    const players: SessionBody[] = await registerCustomers(test, 4);
    const codes = await unplayedCodes(test, contest, 400);
    // Around the borders of masks (32 cards) and of pages (1024), at both ends, and anywhere.
    const anywhere = Array.from({ length: 20 }, () => Math.floor(Math.random() * (TICKETS - 20)));
    const starts = [0, 27, 1019, 2043, 32_763, 262_139, ...anywhere, TICKETS - 10].sort((a, b) => a - b);
    const chosen = starts.filter((start, place) => place === 0 || start - starts[place - 1]! > 10);
    for (const start of chosen) {
      await test.database.query(`SELECT setval($1::regclass, $2, false)`, [deck!.sequenceName, start + 1]);
      const answers = await withHands(4, codes.splice(0, 10), (code, place) => play(test, code, players[place % 4]!));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
    }
    // Exactly those positions: a card that could not be read would be passed over and made up for from the leftovers.
    const rows = await test.database.query<{ position: number }[]>(
      'SELECT deck_position AS position FROM tickets WHERE deck_position IS NOT NULL ORDER BY 1',
    );
    const expected = chosen.flatMap((start) => Array.from({ length: 10 }, (_, n) => start + 1 + n));
    expect(rows.map(({ position }) => position)).toEqual(expected);
    expect(await test.database.query('SELECT 1 FROM deck_leftovers')).toEqual([]);
    expect(await test.app.get(DeckService).verify(contest.id)).toMatchObject({ wrongPrizes: 0, holds: true });
  });

  it('would notice a single prize that is not the dealt one, and a single altered card', async () => {
    const decks = test.app.get(DeckService);
    // Only with the triggers off, as no statement of the service's could do it.
    const tamper = async (sql: string): Promise<void> => {
      await test.database.transaction(async (manager) => {
        await manager.query(`SET LOCAL session_replication_role = 'replica'`);
        await manager.query(sql, [contest.id]);
      });
    };
    await tamper(
      `UPDATE tickets SET prize_id = (SELECT id FROM prizes p WHERE p.contest_id = $1 AND p.id <> tickets.prize_id LIMIT 1)
       WHERE code = (SELECT code FROM tickets WHERE contest_id = $1 AND player_id IS NOT NULL LIMIT 1)`,
    );
    expect(await decks.verify(contest.id)).toMatchObject({ wrongPrizes: 1, cardsIntact: true, holds: false });
    await tamper(
      `UPDATE deck_pages SET cards = set_byte(cards, 7, get_byte(cards, 7) # 1) WHERE contest_id = $1 AND page = 300`,
    );
    expect(await decks.verify(contest.id)).toMatchObject({ commitmentHolds: true, cardsIntact: false, holds: false });
    await tamper(`UPDATE decks SET commitment = md5(commitment) || md5('') WHERE contest_id = $1`);
    expect(await decks.verify(contest.id)).toMatchObject({ commitmentHolds: false, holds: false });
  });
});
