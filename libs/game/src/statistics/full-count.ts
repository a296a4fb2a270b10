import { isRealSql } from '@tiptop/platform';
import { ageSql, slotSql } from './counter-sql';

/** $1 a contest, or null for all; registrations belong to none. */
export const OF_CONTEST = '($1::uuid IS NULL OR contest_id = $1)';
/** Of those, the tickets that count: not those of smoke journeys. */
const OF_TICKETS = `${OF_CONTEST} AND ${isRealSql('contest_id')}`;

/** What the totals have to be: kind, contest_id, prize_id, store_id, n. */
export const FULL_TOTALS = `
  SELECT 'printed' AS kind, contest_id, NULL::uuid AS prize_id, NULL::uuid AS store_id, count(*) AS n FROM tickets
  WHERE ${OF_TICKETS} GROUP BY contest_id
  UNION ALL
  SELECT 'played', contest_id, prize_id, NULL, count(*) FROM tickets
  WHERE ${OF_TICKETS} AND player_id IS NOT NULL GROUP BY contest_id, prize_id
  UNION ALL
  SELECT 'claimed', contest_id, prize_id, store_id, count(*) FROM tickets
  WHERE ${OF_TICKETS} AND claimed_at IS NOT NULL GROUP BY contest_id, prize_id, store_id`;

/** What the quarters of an hour have to be: kind, contest_id, slot, n. */
export const FULL_SLOTS = `
  SELECT 'played' AS kind, contest_id, ${slotSql('played_at')} AS slot, count(*) AS n FROM tickets
  WHERE ${OF_TICKETS} AND player_id IS NOT NULL GROUP BY 2, 3
  UNION ALL
  SELECT 'claimed', contest_id, ${slotSql('claimed_at')}, count(*) FROM tickets
  WHERE ${OF_TICKETS} AND claimed_at IS NOT NULL GROUP BY 2, 3
  UNION ALL
  SELECT 'registered', NULL, ${slotSql('created_at')}, count(*) FROM users
  WHERE $1::uuid IS NULL AND role = 'customer' AND ${isRealSql('id')} GROUP BY 3`;

/** Who took part: contest_id, player_id, at. */
export const FULL_PARTICIPANTS = `
  SELECT contest_id, player_id, min(played_at) AS at FROM tickets
  WHERE ${OF_TICKETS} AND player_id IS NOT NULL GROUP BY contest_id, player_id`;

/** Each finds what differs between what is counted (summed up or not yet) and a full count: columns of CounterDifference. */
export const COMPARISONS: readonly string[] = [
  compare(
    ['kind', 'contest_id', 'prize_id', 'store_id'],
    `SELECT kind, contest_id, prize_id, store_id, n FROM counter_totals WHERE ${OF_CONTEST}
     UNION ALL SELECT kind, contest_id, prize_id, store_id, n FROM counter_changes
     WHERE ${OF_CONTEST} AND kind <> 'registered'`,
    FULL_TOTALS,
    `kind AS counter, contest_id, prize_id AS "prizeId", store_id AS "storeId"`,
  ),
  compare(
    ['kind', 'contest_id', 'slot'],
    `SELECT kind, contest_id, slot, n FROM counter_slots WHERE ${OF_CONTEST}
     UNION ALL SELECT kind, contest_id, ${slotSql('at')}, n FROM counter_changes WHERE ${OF_CONTEST} AND at IS NOT NULL`,
    FULL_SLOTS,
    `kind AS counter, contest_id, slot AS "quarterHour"`,
  ),
  compare(
    ['contest_id', 'player_id'],
    `SELECT contest_id, player_id, 1 AS n FROM participants WHERE ${OF_CONTEST}
     UNION SELECT contest_id, player_id, 1 FROM counter_changes WHERE ${OF_CONTEST} AND kind = 'played'`,
    `SELECT contest_id, player_id, 1 AS n FROM (${FULL_PARTICIPANTS}) players`,
    `'participant' AS counter, contest_id, player_id AS "playerId"`,
  ),
  compare(
    ['contest_id', 'gender', 'age'],
    `SELECT contest_id, gender, age, n FROM participant_totals WHERE ${OF_CONTEST}`,
    `SELECT contest_id, gender, age, count(*) AS n FROM participants WHERE ${OF_CONTEST} GROUP BY 1, 2, 3`,
    `'participants' AS counter, contest_id, gender, age`,
  ),
];

/** Builds everything anew, in one snapshot; each takes $1. $2 of those that name it is the time zone. */
export const REBUILD: readonly { sql: string; timeZone?: true }[] = [
  // Those that are seen are counted below as well; those that are not yet seen stand on top of it.
  { sql: `DELETE FROM counter_changes WHERE ${OF_CONTEST}` },
  { sql: `DELETE FROM counter_totals WHERE ${OF_CONTEST}` },
  { sql: `INSERT INTO counter_totals (kind, contest_id, prize_id, store_id, n) ${FULL_TOTALS}` },
  { sql: `DELETE FROM counter_slots WHERE ${OF_CONTEST}` },
  { sql: `INSERT INTO counter_slots (kind, contest_id, slot, n) ${FULL_SLOTS}` },
  // Who somebody was when they first played can't be known any more: those that are known stay as they are.
  {
    sql: `DELETE FROM participants p WHERE ${OF_CONTEST}
      AND NOT EXISTS (SELECT FROM tickets t WHERE t.contest_id = p.contest_id AND t.player_id = p.player_id)`,
  },
  {
    sql: `INSERT INTO participants (contest_id, player_id, gender, age, first_played_at)
      SELECT c.contest_id, c.player_id, u.gender, ${ageSql('c.at', 'u.birth_date', '$2')}, c.at
      FROM (${FULL_PARTICIPANTS}) c JOIN users u ON u.id = c.player_id
      ON CONFLICT (contest_id, player_id) DO NOTHING`,
    timeZone: true,
  },
  { sql: `DELETE FROM participant_totals WHERE ${OF_CONTEST}` },
  {
    sql: `INSERT INTO participant_totals (contest_id, gender, age, n)
      SELECT contest_id, gender, age, count(*) FROM participants WHERE ${OF_CONTEST} GROUP BY 1, 2, 3`,
  },
];

/** SQL of what two countings do not agree on. Nulls are equal to each other here, as GROUP BY has them. */
function compare(keys: readonly string[], counted: string, actual: string, columns: string): string {
  const key = keys.join(', ');
  return `
    SELECT ${columns}, sum(counted)::float8 AS counted, sum(actual)::float8 AS actual FROM (
      SELECT ${key}, n AS counted, 0 AS actual FROM (${counted}) counters
      UNION ALL SELECT ${key}, 0, n FROM (${actual}) everything) side_by_side
    GROUP BY ${key} HAVING sum(counted) <> sum(actual) ORDER BY ${key}`;
}
