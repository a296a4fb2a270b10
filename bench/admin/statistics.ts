import type { INestApplicationContext } from '@nestjs/common';
import { ContestsService, CounterVerification, PRESETS } from '@tiptop/game';
import { createLogger } from '@tiptop/platform';
import { createApp } from '../../apps/api/src/create-app';
import { median, progress, round } from '../support/report';
import { ask } from './ask';
import type { Comparison } from '../support/comparison';
import { writePastTriggers } from '../support/past-triggers';
import type { Stage } from './stage';

const WARM_UP = 20;
const TIMES_ASKED = 200;
/** Changes that are not summed up yet when the statistics are asked for: some seconds of a busy evening. */
const FRESH = 1000;
const DAY_MS = 86_400_000;
const TICKETS = `
  INSERT INTO tickets (code, contest_id, status, player_id, prize_id, deck_position, played_at, claimed_by, claimed_at)
  SELECT $2 || lpad(i::text, 9, '0'), $1,
    CASE WHEN i % 5 = 0 THEN 'claimed' WHEN i % 5 = 1 THEN 'pending' ELSE 'unclaimed' END,
    CASE WHEN i % 5 < 2 THEN ($4::uuid[])[1 + i % $5::int] END,
    CASE WHEN i % 5 < 2 THEN ($6::uuid[])[1 + i % 7 % 5] END,
    CASE WHEN i % 5 < 2 THEN i END,
    CASE WHEN i % 5 < 2 THEN now() - (i % 2592000) * interval '1 second' END,
    CASE WHEN i % 5 = 0 THEN ($4::uuid[])[1 + (i + 1) % $5::int] END,
    CASE WHEN i % 5 = 0 THEN now() END
  FROM generate_series(1, $3::int) i`;

/** How long the statistics of a very large contest take, against those of a small one in the same database. */
export async function compareStatistics(stage: Stage, small: number, large: number): Promise<Comparison> {
  // The command line's application would do: what answers must not sum up while it is measured.
  const app = await createApp(stage.config, createLogger('error'));
  try {
    const contests: string[] = [];
    for (const [prefix, tickets] of [
      ['S', small],
      ['L', large],
    ] as const) {
      progress(`Filling a contest of ${tickets} tickets`);
      contests.push(await fill(app, stage, prefix, tickets));
    }
    await stage.dataSource.query('VACUUM ANALYZE tickets');
    for (const contest of contests) await playSome(stage, contest, Math.min(FRESH, Math.floor(small / 5)));
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const times: number[][] = contests.map(() => []);
    for (let turn = -WARM_UP; turn < TIMES_ASKED; turn++) {
      for (const [place, contest] of contests.entries()) {
        const { ms } = await ask(url, `/v1/admin/stats?contestId=${contest}`, stage.admin);
        if (turn >= 0) times[place]?.push(ms);
      }
    }
    const [smallMs = Number.NaN, largeMs = Number.NaN] = times.map(median);
    progress(`statistics: ${smallMs.toFixed(2)} ms of ${small} tickets, ${largeMs.toFixed(2)} ms of ${large}`);
    return {
      sides: {
        statisticsSmall: { tickets: small, p50Ms: round(smallMs, 2) },
        statisticsLarge: { tickets: large, p50Ms: round(largeMs, 2) },
      },
      ratios: { statisticsLargeToSmall: round(largeMs / smallMs, 3) },
    };
  } finally {
    await app.close();
  }
}

/** A contest of which two fifths are played and one fifth is fetched, over thirty days, counted afterwards. */
async function fill(
  app: INestApplicationContext,
  { dataSource, players }: Stage,
  prefix: string,
  tickets: number,
): Promise<string> {
  const preset = { ...PRESETS['the-tip-top'], slug: `bench-${prefix.toLowerCase()}` };
  const startsAt = new Date(Date.now() - 31 * DAY_MS);
  const { id } = await app.get(ContestsService).create({ preset, startsAt });
  const prizes = await dataSource.query<{ id: string }[]>(
    'SELECT id FROM prizes WHERE contest_id = $1 ORDER BY ordinal',
    [id],
  );
  await writePastTriggers(dataSource, (runner) =>
    runner.query(TICKETS, [
      id,
      prefix,
      tickets,
      players.map((player) => player.id),
      players.length,
      prizes.map((prize) => prize.id),
    ]),
  );
  await app.get(CounterVerification).repair(id);
  return id;
}

/** Plays that are noted and not yet summed up. */
async function playSome({ dataSource }: Stage, contest: string, count: number): Promise<void> {
  await dataSource.query(
    `UPDATE tickets SET status = 'pending', played_at = now(), deck_position = 1000000000 + right(code, 9)::int,
       player_id = (SELECT id FROM users LIMIT 1), prize_id = (SELECT id FROM prizes WHERE contest_id = $1 LIMIT 1)
     WHERE code IN (SELECT code FROM tickets WHERE contest_id = $1 AND status = 'unclaimed' LIMIT $2)`,
    [contest, count],
  );
}
