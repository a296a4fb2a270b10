import type { DataSource } from 'typeorm';
import { writePastTriggers } from '../support/past-triggers';

/** Of the tickets, how many are played, and how many handed over. */
export const PLAYED = 0.6;
const CLAIMED = 0.3;
/** Plays a customer, on average. */
const PLAYS_EACH = 3;
const STORES = `
  INSERT INTO stores (name, city, created_at) SELECT 'Boutique ' || n, 'Ville ' || n, now() FROM generate_series(1, 10) n`;
const PLAYS = `
  CREATE TEMPORARY TABLE plays AS
  WITH chosen AS (
    SELECT code, row_number() OVER (ORDER BY md5(code)) AS n FROM tickets WHERE contest_id = $1),
  people AS (
    SELECT id, row_number() OVER (ORDER BY md5(id::text)) AS n FROM users WHERE role = 'customer' LIMIT $4),
  lots AS (SELECT id, ordinal FROM prizes WHERE contest_id = $1),
  shops AS (SELECT id, row_number() OVER () AS n FROM stores)
  SELECT c.code, p.id AS player, l.id AS prize, $5 - c.n + 1 AS position,
    now() - interval '30 days' + c.n * interval '1 second' AS at,
    CASE WHEN c.n % 2 = 0 AND c.n <= $3 THEN (SELECT id FROM users WHERE role = 'employee' LIMIT 1) END AS employee,
    s.id AS shop
  FROM chosen c JOIN people p ON p.n = 1 + c.n % $4 JOIN shops s ON s.n = 1 + c.n / 2 % 10
    JOIN lots l ON l.ordinal = CASE WHEN c.n % 100 < 60 THEN 0 WHEN c.n % 100 < 80 THEN 1
      WHEN c.n % 100 < 90 THEN 2 WHEN c.n % 100 < 96 THEN 3 ELSE 4 END
  WHERE c.n <= $2 ORDER BY c.n`;
const PLAYED_TICKETS = `
  UPDATE tickets t SET player_id = player, prize_id = prize, played_at = at, deck_position = position,
    status = CASE WHEN employee IS NULL THEN 'pending' ELSE 'claimed' END, claimed_by = employee,
    claimed_at = CASE WHEN employee IS NOT NULL THEN at + interval '1 hour' END,
    store_id = CASE WHEN employee IS NOT NULL THEN shop END
  FROM plays WHERE t.code = plays.code`;

/**
 * What plays and hand-overs of some days would have left. They have the deck's last positions, so that the service can
 * deal on from the first.
 */
export async function playBySql(dataSource: DataSource, contestId: string, tickets: number): Promise<void> {
  const played = Math.floor(tickets * PLAYED);
  await dataSource.query(STORES);
  await writePastTriggers(dataSource, async (runner) => {
    await runner.query(PLAYS, [
      contestId,
      played,
      Math.floor(tickets * CLAIMED * 2),
      Math.floor(played / PLAYS_EACH),
      tickets,
    ]);
    // One after another, so that they lie in the table as plays leave them.
    await runner.query('SET enable_hashjoin = off; SET enable_mergejoin = off');
    await runner.query(PLAYED_TICKETS);
    await runner.query('DROP TABLE plays');
  });
}
