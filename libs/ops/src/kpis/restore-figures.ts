import type { Pool } from 'pg';
import { type Kpi, type Period, plural, twoDecimals } from './kpi';

const MINUTE_MS = 60_000;
const TARGET_MINUTES = 30;

/** What the rows say of a period. */
export interface TrialTimes {
  /** Trial restores that succeeded. */
  restores: number;
  /** The slowest of them, in milliseconds; null where there is none. */
  slowestMs: number | null;
  backupId: string | null;
  source: string | null;
}

/**
 * A drill writes the same beginning at all that it tries, one after the other: each began when the one before it ended. Of
 * each store the first is a restore; the second opens the oldest archive, and restores nothing.
 */
const TIMES = `
  WITH tried AS (
    SELECT id, backup_id, source, passed, started_at, finished_at,
      extract(epoch FROM finished_at - coalesce(lag(finished_at) OVER drill, started_at)) * 1000 AS ms,
      row_number() OVER (PARTITION BY started_at, source ORDER BY finished_at, id) AS place
    FROM backup_verifications v
    WHERE level = 'drill' AND started_at > $2 AND finished_at <= $3
      AND NOT EXISTS (SELECT FROM backup_runs r WHERE r.id = v.backup_id AND r.environment <> $1)
    WINDOW drill AS (PARTITION BY started_at ORDER BY finished_at, id)
  ), restores AS (
    SELECT * FROM tried WHERE place = 1 AND passed
  )
  SELECT (SELECT count(*) FROM restores)::int AS restores, slowest.*
  FROM (SELECT) one LEFT JOIN LATERAL (
    SELECT ms::float8 AS "slowestMs", backup_id AS "backupId", source FROM restores ORDER BY ms DESC, id LIMIT 1
  ) slowest ON true`;

export async function readTrials(pool: Pool, { environment, since, now }: Period): Promise<TrialTimes> {
  const { rows } = await pool.query<TrialTimes>({ name: 'kpi-trials', text: TIMES, values: [environment, since, now] });
  const [row] = rows;
  if (!row) throw new Error('The times of trial restores came without a row.');
  return row;
}

export function rto({ restores, slowestMs, backupId, source }: TrialTimes, { since }: Period): Kpi {
  const known = { unit: 'minutes', target: TARGET_MINUTES } as const;
  if (slowestMs === null) {
    return { ...known, value: null, met: null, from: `no trial restore has succeeded since ${since.toISOString()}` };
  }
  const minutes = slowestMs / MINUTE_MS;
  return {
    ...known,
    value: twoDecimals(minutes),
    met: minutes < TARGET_MINUTES,
    from:
      `${plural(restores, 'trial restore')} since ${since.toISOString()}; the slowest is that of ${backupId ?? ''} from ` +
      `${source ?? ''}: fetched, opened, restored and compared`,
  };
}
