import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, isSmokeId, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { ContestNotFound } from '../contests/contest.errors';
import { allocateShares } from '../domain/shares';
import { CounterFolding } from './counter-folding';
import { ageSql, type CounterKind } from './counter-sql';
import type { StatementReader } from './statement-reader';

/** So many changes that stand in no total make an answer slow; whoever finds them sums some of them up. */
const TOO_MANY_CHANGES = 5000;

/** How often a prize of a contest is there, was won, and was handed over. */
export interface PrizeCounts {
  id: string;
  name: string;
  valueCents: number;
  /** ISO 4217. */
  currency: string;
  /** 0 to 1. */
  share: number;
  total: number;
  won: number;
  claimed: number;
}

/** How many participants were alike when they first played. */
export interface PeopleCount {
  gender: 'female' | 'male' | 'other' | null;
  /** In whole years; null where it was not stated. */
  age: number | null;
  n: number;
}

/** All counts of a contest at one moment. */
export interface CountsOfContest {
  contest: { id: string; slug: string; name: string; startsAt: Date; endsAt: Date; claimEndsAt: Date };
  printed: number;
  played: number;
  /** Of those played, on the present day of the contest's time zone. */
  playedToday: number;
  claimed: number;
  prizes: PrizeCounts[];
  people: PeopleCount[];
  /** Shops that are open or have handed prizes over, by name. */
  stores: { id: string; name: string; city: string; claimed: number }[];
}

type CountsRow = CountsOfContest['contest'] & {
  today: number;
  waiting: number;
  prizes: { id: string; name: string; valueCents: number; currency: string; weight: number }[];
  counted: { kind: CounterKind; prize: string | null; store: string | null; n: number }[];
  people: PeopleCount[];
  stores: { id: string; name: string; city: string }[];
};

/**
 * $1 contest, $2 now, $3 time zone. One statement, and so one snapshot: what is summed up already, and what is not yet,
 * are of the same moment, and every change is in exactly one of the two. Its cost does not grow with the tickets, nor with
 * the people: newcomers are few, and looked up one by one, where a join would have the planner read all of them.
 */
const COUNTS = `
WITH fresh AS MATERIALIZED (
  SELECT kind, n, prize_id, store_id, player_id, at FROM counter_changes WHERE contest_id = $1
), counted AS (
  SELECT kind, prize_id AS prize, store_id AS store, sum(n) AS n FROM (
    SELECT kind, prize_id, store_id, n FROM counter_totals WHERE contest_id = $1
    UNION ALL SELECT kind, prize_id, store_id, n FROM fresh) both_of_them
  GROUP BY kind, prize_id, store_id
), today AS (
  SELECT date_trunc('day', $2::timestamptz, $3) AS begins,
    (date_trunc('day', $2::timestamptz AT TIME ZONE $3) + interval '1 day') AT TIME ZONE $3 AS ends
), newcomers AS (
  SELECT DISTINCT ON (player_id) player_id, at FROM fresh
  WHERE kind = 'played'
    AND (SELECT true FROM participants p WHERE p.contest_id = $1 AND p.player_id = fresh.player_id) IS NULL
  ORDER BY player_id, at
), people AS (
  SELECT gender, age, sum(n) AS n FROM (
    SELECT gender, age, n FROM participant_totals WHERE contest_id = $1
    UNION ALL SELECT u.gender, ${ageSql('c.at', 'u.birth_date', '$3')}, 1
    FROM newcomers c CROSS JOIN LATERAL (SELECT gender, birth_date FROM users WHERE id = c.player_id OFFSET 0) u
  ) both_of_them GROUP BY gender, age
)
SELECT c.id, c.slug, c.name, c.starts_at AS "startsAt", c.ends_at AS "endsAt", c.claim_ends_at AS "claimEndsAt",
  (SELECT count(*)::int FROM fresh) AS waiting,
  (SELECT coalesce(sum(n), 0)::int FROM (
    SELECT n FROM counter_slots, today
    WHERE contest_id = $1 AND kind = 'played' AND slot >= begins AND slot < ends
    UNION ALL SELECT n FROM fresh, today WHERE kind = 'played' AND at >= begins AND at < ends) played) AS today,
  (SELECT coalesce(json_agg(json_build_object('id', p.id, 'name', p.name, 'valueCents', p.value_cents,
      'currency', p.currency, 'weight', p.weight) ORDER BY p.ordinal), '[]')
    FROM prizes p WHERE p.contest_id = $1) AS prizes,
  (SELECT coalesce(json_agg(counted), '[]') FROM counted) AS counted,
  (SELECT coalesce(json_agg(people), '[]') FROM people) AS people,
  (SELECT coalesce(json_agg(json_build_object('id', s.id, 'name', s.name, 'city', s.city) ORDER BY s.name, s.id), '[]')
    FROM stores s WHERE s.is_active OR EXISTS (SELECT FROM counted WHERE store = s.id AND n <> 0)) AS stores
FROM contests c WHERE c.id = $1`;

/** How a contest stands, exactly, at the moment of asking. */
@Injectable()
export class ContestCounts {
  constructor(
    private readonly dataSource: DataSource,
    private readonly folding: CounterFolding,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @param reader a transaction whose other answers have to be of the same moment
   * @throws ContestNotFound, for the contest of smoke journeys as well: nothing of it is counted
   */
  async of(contestId: string, reader: StatementReader = this.dataSource): Promise<CountsOfContest> {
    if (isSmokeId(contestId)) throw new ContestNotFound();
    const [row] = await reader.query<CountsRow[]>(COUNTS, [contestId, this.clock.now(), this.config.timeZone]);
    if (!row) throw new ContestNotFound();
    if (row.waiting > TOO_MANY_CHANGES) await this.catchUp(row.waiting);
    return toCounts(row);
  }

  /** Where nobody else sums up, those who ask do, so that no answer takes ever longer. */
  private async catchUp(waiting: number): Promise<void> {
    try {
      await this.folding.fold(1);
    } catch (err) {
      this.logger.warn({ err, waiting }, 'The counters could not be summed up');
    }
  }
}

function toCounts({ today, prizes, counted, people, stores, ...row }: CountsRow): CountsOfContest {
  const { id, slug, name, startsAt, endsAt, claimEndsAt } = row;
  const count = (kind: CounterKind, of: { prize?: string; store?: string } = {}): number =>
    counted
      .filter((row) => row.kind === kind)
      .filter((row) => (of.prize ?? row.prize) === row.prize && (of.store ?? row.store) === row.store)
      .reduce((sum, { n }) => sum + n, 0);
  const printed = count('printed');
  const weights = prizes.map(({ weight }) => weight);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const totals = prizes.length > 0 ? allocateShares(printed, weights) : [];
  return {
    contest: { id, slug, name, startsAt, endsAt, claimEndsAt },
    printed,
    played: count('played'),
    playedToday: today,
    claimed: count('claimed'),
    prizes: prizes.map(({ weight, ...prize }, place) => ({
      ...prize,
      share: weight / whole,
      total: totals[place] ?? 0,
      won: count('played', { prize: prize.id }),
      claimed: count('claimed', { prize: prize.id }),
    })),
    people,
    stores: stores.map((store) => ({ ...store, claimed: count('claimed', { store: store.id }) })),
  };
}
