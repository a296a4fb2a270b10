import type { INestApplicationContext } from '@nestjs/common';
import { ContestsService, PRESETS } from '@tiptop/game';
import type { DataSource, QueryRunner } from 'typeorm';
import { writePastTriggers } from '../support/past-triggers';

const YEAR_MS = 365 * 86_400_000;
/** In nine hexadecimal digits. */
const CODES = 16 ** 9;
/** A prime larger than any number of tickets, so that the deck's positions are all different and in no order. */
const SHUFFLE = 2_147_483_647;
/**
 * Codes are by chance and ascending, since that fills the index of the primary key in one go. Six of ten tickets are
 * played and three handed over.
 */
const TICKETS = `
  INSERT INTO tickets (code, contest_id, status, player_id, prize_id, deck_position, played_at, claimed_by, claimed_at)
  SELECT 'Z' || upper(lpad(to_hex(number), 9, '0')), $1,
    CASE WHEN claimed THEN 'claimed' WHEN played THEN 'pending' ELSE 'unclaimed' END,
    CASE WHEN played THEN player END, CASE WHEN played THEN prize END, CASE WHEN played THEN position END,
    CASE WHEN played THEN at END, CASE WHEN claimed THEN $8::uuid END,
    CASE WHEN claimed THEN at + interval '1 hour' + random() * interval '20 days' END
  FROM (
    SELECT (i - 1) * $3::bigint + floor(random() * $3::bigint)::bigint AS number, i % 10 < 6 AS played,
      i % 10 < 3 AS claimed, ($5::uuid[])[1 + floor(random() * cardinality($5::uuid[]))::int] AS player,
      ($6::uuid[])[1 + floor(random() * cardinality($6::uuid[]))::int] AS prize, 1 + i * $4::bigint % $2::bigint AS position,
      $7::timestamptz + random() * interval '30 days' AS at
    FROM generate_series(1::bigint, $2::bigint) i) drawn`;

/** A contest of last year, as its players and its shops would have left it. Its counters are still to be repaired. */
export async function fillLargeContest(
  app: INestApplicationContext,
  dataSource: DataSource,
  tickets: number,
): Promise<void> {
  const startsAt = new Date(Date.now() - YEAR_MS);
  const preset = { ...PRESETS['the-tip-top'], slug: 'bench-last-year' };
  const { id } = await app.get(ContestsService).create({ preset, startsAt });
  const idsOf = async (query: string, values: unknown[] = []): Promise<string[]> =>
    (await dataSource.query<{ id: string }[]>(query, values)).map((row) => row.id);
  const prizes = await idsOf('SELECT id FROM prizes WHERE contest_id = $1', [id]);
  const customers = await idsOf(`SELECT id FROM users WHERE role = 'customer'`);
  const [employee] = await idsOf(`SELECT id FROM users WHERE role = 'employee' LIMIT 1`);
  const spread = Math.floor(CODES / tickets);
  await writePastTriggers(dataSource, async (runner) => {
    await withoutIndexes(runner, async () => {
      await runner.query(TICKETS, [id, tickets, spread, SHUFFLE, customers, prizes, startsAt, employee]);
    });
  });
}

/** Fills the indexes in one go, each: millions of rows take seconds then, and minutes otherwise. */
async function withoutIndexes(runner: QueryRunner, fill: () => Promise<void>): Promise<void> {
  const indexes = (await runner.query(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
     WHERE schemaname = 'public' AND tablename = 'tickets' AND indexname <> 'tickets_pkey'`,
  )) as { name: string; definition: string }[];
  for (const { name } of indexes) await runner.query(`DROP INDEX ${name}`);
  await fill();
  await runner.query(`SET maintenance_work_mem = '512MB'`);
  for (const { definition } of indexes) await runner.query(definition);
}
