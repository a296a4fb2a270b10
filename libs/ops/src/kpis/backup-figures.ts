import type { Pool } from 'pg';
import { type Kpi, type Period, plural, twoDecimals } from './kpi';

const HOUR_MS = 3_600_000;
const TARGET_HOURS = 24;
/**
 * The calendar makes a backup each 24 hours, and none starts to the second: as long as no changes are archived between two
 * backups, a gap of 24 hours and minutes is what the target means by less than a day. A night left out is not.
 */
const ALLOWED_HOURS = 25;

/** What the rows say of a period. */
export interface BackupGaps {
  /** Verified remote backups of the period. */
  backups: number;
  /** The longest gap, in milliseconds, and when it began and ended; null where there was never a backup. */
  gapMs: number | null;
  gapFrom: Date | null;
  /** Null: it lasts. */
  gapTo: Date | null;
}

const GOOD = `environment = $1 AND status IN ('succeeded', 'degraded')
  AND jsonb_path_exists(copies, '$[*] ? (@.place != "local" && @.verified == true)') AND manifest->>'quarantined' IS NULL`;

/** A gap that reaches into the period counts as a whole. What is lost is lost since the older backup began. */
const GAPS = `
  WITH verified AS (
    SELECT started_at AS at FROM backup_runs WHERE ${GOOD} AND started_at > $2 AND started_at <= $3
    UNION ALL
    (SELECT started_at FROM backup_runs WHERE ${GOOD} AND started_at <= $2 ORDER BY started_at DESC LIMIT 1)
  ), gaps AS (
    SELECT at, lead(at) OVER (ORDER BY at) AS until FROM verified
  )
  SELECT (SELECT count(*) FROM verified WHERE at > $2)::int AS backups, gap.*
  FROM (SELECT) one LEFT JOIN LATERAL (
    SELECT (extract(epoch FROM coalesce(until, $3) - at) * 1000)::float8 AS "gapMs", at AS "gapFrom", until AS "gapTo"
    FROM gaps ORDER BY 1 DESC, at DESC LIMIT 1
  ) gap ON true`;

export async function readGaps(pool: Pool, { environment, since, now }: Period): Promise<BackupGaps> {
  const { rows } = await pool.query<BackupGaps>({ name: 'kpi-gaps', text: GAPS, values: [environment, since, now] });
  const [row] = rows;
  if (!row) throw new Error('The gaps between backups came without a row.');
  return row;
}

export function rpo({ backups, gapMs, gapFrom, gapTo }: BackupGaps, { since }: Period): Kpi {
  const known = { unit: 'hours', target: TARGET_HOURS } as const;
  if (gapMs === null || gapFrom === null) {
    return { ...known, value: null, met: null, from: 'there is no verified remote backup' };
  }
  const hours = gapMs / HOUR_MS;
  return {
    ...known,
    value: twoDecimals(hours),
    met: hours < ALLOWED_HOURS,
    from:
      `${plural(backups, 'verified remote backup')} since ${since.toISOString()}; the longest gap is from ${gapFrom.toISOString()} ` +
      `to ${gapTo?.toISOString() ?? 'now'}. Less than ${ALLOWED_HOURS} hours count as kept: one backup a night is 24 hours and ` +
      'the minutes by which one starts later than the other',
  };
}
