import { Injectable } from '@nestjs/common';
import { AppConfig, isSmokeId } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { ContestNotFound } from '../contests/contest.errors';
import { slotSql } from './counter-sql';
import type { StatementReader } from './statement-reader';

export const TIMELINE_INTERVALS = ['hour', 'day'] as const;
export type TimelineInterval = (typeof TIMELINE_INTERVALS)[number];

/** What happened in one hour or on one day. */
export interface TimelinePoint {
  /** When it begins. */
  at: Date;
  participations: number;
  claims: number;
  registrations: number;
}

/** [from, to). */
export interface TimelineSpan {
  from: Date;
  to: Date;
}

/**
 * The hours or days that a span touches, whole. Hours are counted one by one, so that a day on which the clocks change
 * has 23 or 25; days begin at midnight, however long they are.
 */
const STEPS: Readonly<Record<TimelineInterval, string>> = {
  hour: `
    SELECT at, at + interval '1 hour' AS ends FROM (
      SELECT DISTINCT date_trunc('hour', step, $4) AS at
      FROM generate_series(date_trunc('hour', $2::timestamptz, $4), $3::timestamptz - interval '1 millisecond',
        interval '1 hour') step) steps`,
  day: `
    SELECT step AT TIME ZONE $4 AS at, (step + interval '1 day') AT TIME ZONE $4 AS ends
    FROM generate_series(date_trunc('day', $2::timestamptz AT TIME ZONE $4),
      ($3::timestamptz - interval '1 millisecond') AT TIME ZONE $4, interval '1 day') step`,
};

/** $1 contest, $2 from, $3 to, $4 time zone. */
function timelineSql(interval: TimelineInterval): string {
  const step = (at: string): string => `date_trunc('${interval}', ${at}, $4)`;
  return `
    WITH steps AS MATERIALIZED (${STEPS[interval]}
    ), span AS (
      SELECT min(at) AS begins, max(ends) AS ends FROM steps
    ), counted AS (
      SELECT at, kind, sum(n) AS n FROM (
        SELECT ${step('slot')} AS at, kind, n FROM counter_slots, span
        WHERE contest_id = $1 AND kind IN ('played', 'claimed') AND slot >= begins AND slot < ends
        UNION ALL
        SELECT ${step('slot')}, kind, n FROM counter_slots, span
        WHERE contest_id IS NULL AND kind = 'registered' AND slot >= begins AND slot < ends
        UNION ALL
        SELECT ${step('c.at')}, kind, n FROM counter_changes c, span
        WHERE (contest_id = $1 OR contest_id IS NULL) AND c.at >= begins AND c.at < ends
      ) both_of_them GROUP BY at, kind
    )
    SELECT s.at, coalesce(sum(n) FILTER (WHERE kind = 'played'), 0)::int AS participations,
      coalesce(sum(n) FILTER (WHERE kind = 'claimed'), 0)::int AS claims,
      coalesce(sum(n) FILTER (WHERE kind = 'registered'), 0)::int AS registrations
    FROM steps s LEFT JOIN counted c ON c.at = s.at
    WHERE EXISTS (SELECT FROM contests WHERE id = $1) GROUP BY s.at ORDER BY s.at`;
}

/** $1 contest. From its start to the end of its hand-overs, and what happened outside of these, were its dates changed. */
const SPAN = `
  SELECT least(c.starts_at, min(slot)) AS "from",
    greatest(c.claim_ends_at, max(slot) + interval '15 minutes') AS "to"
  FROM contests c LEFT JOIN (
    SELECT slot FROM counter_slots WHERE contest_id = $1 AND n <> 0
    UNION ALL
    SELECT ${slotSql('at')} FROM counter_changes WHERE contest_id = $1 AND at IS NOT NULL) happened ON true
  WHERE c.id = $1 GROUP BY c.id`;

/** What happened when: plays and hand-overs of a contest, and registrations, which belong to none. */
@Injectable()
export class TimelineReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
  ) {}

  /**
   * Every hour or day of the contest's time zone that [from, to) touches, the empty ones as well; from lies before to.
   * @param reader a transaction whose other answers have to be of the same moment
   * @throws ContestNotFound
   */
  async read(
    contestId: string,
    { from, to }: TimelineSpan,
    interval: TimelineInterval,
    reader: StatementReader = this.dataSource,
  ): Promise<TimelinePoint[]> {
    if (isSmokeId(contestId)) throw new ContestNotFound();
    const { timeZone } = this.config;
    const points = await reader.query<TimelinePoint[]>(timelineSql(interval), [contestId, from, to, timeZone]);
    if (points.length === 0) throw new ContestNotFound();
    return points;
  }

  /**
   * The span in which all that ever happens in a contest lies.
   * @throws ContestNotFound
   */
  async spanOf(contestId: string, reader: StatementReader = this.dataSource): Promise<TimelineSpan> {
    const [span] = await reader.query<TimelineSpan[]>(SPAN, [contestId]);
    if (!span) throw new ContestNotFound();
    return span;
  }
}
