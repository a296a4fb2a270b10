import type { Pool } from 'pg';
import { type Kpi, type Period, plural, twoDecimals } from './kpi';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const PER_DAY = 1;
const PERCENT = 95;
const RECOVERY_MINUTES = 60;

/** What the rows say of a period. */
export interface DeploymentCounts {
  /** When the first one began that is over; null where none is. */
  firstAt: Date | null;
  /** Deployments that ended in the period, and those of them that succeeded. */
  finished: number;
  succeeded: number;
  /** Failures noticed in the period after which something worked again, and the milliseconds of all together. */
  recovered: number;
  recoveryMs: number;
  /** Failures noticed in the period after which nothing is known to work yet, and the milliseconds of the longest. */
  open: number;
  openMs: number | null;
}

/**
 * A failure ends with its own rollback, or else with the next deployment or rollback that succeeds. The windows go backwards,
 * so that each row is looked at once.
 */
const COUNTS = `
  WITH ended AS (
    SELECT kind, status, started_at, finished_at,
      CASE WHEN status IN ('failed', 'rollback-failed') THEN coalesce(failure_noticed_at, finished_at)
        ELSE failure_noticed_at END AS noticed_at,
      coalesce(recovered_at, min(finished_at) FILTER (WHERE status = 'succeeded') OVER later) AS recovered_at
    FROM deployments WHERE environment = $1 AND finished_at <= $3
    WINDOW later AS (ORDER BY finished_at DESC, started_at DESC, id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ), counted AS (
    SELECT *, kind = 'deployment' AND finished_at > $2 AS is_counted, noticed_at > $2 AS is_failure FROM ended
  )
  SELECT min(started_at) AS "firstAt",
    (count(*) FILTER (WHERE is_counted))::int AS finished,
    (count(*) FILTER (WHERE is_counted AND status = 'succeeded'))::int AS succeeded,
    (count(*) FILTER (WHERE is_failure AND recovered_at IS NOT NULL))::int AS recovered,
    coalesce(sum(greatest(0, extract(epoch FROM recovered_at - noticed_at))) FILTER (WHERE is_failure), 0)::float8 * 1000
      AS "recoveryMs",
    (count(*) FILTER (WHERE is_failure AND recovered_at IS NULL))::int AS open,
    (max(extract(epoch FROM $3 - noticed_at)) FILTER (WHERE is_failure AND recovered_at IS NULL))::float8 * 1000 AS "openMs"
  FROM counted`;

export async function countDeployments(pool: Pool, { environment, since, now }: Period): Promise<DeploymentCounts> {
  const { rows } = await pool.query<DeploymentCounts>({
    name: 'kpi-deployments',
    text: COUNTS,
    values: [environment, since, now],
  });
  const [row] = rows;
  if (!row) throw new Error('The counts of deployments came without a row.');
  return row;
}

/** Deployments that succeeded, a day. An installation younger than the period is judged by its own age, of a day at least. */
export function deployFrequency({ firstAt, finished, succeeded }: DeploymentCounts, period: Period): Kpi {
  const known = { unit: 'per day', target: PER_DAY } as const;
  if (firstAt === null) return { ...known, value: null, met: null, from: `no deployment is on record` };
  const since = new Date(Math.max(period.since.getTime(), firstAt.getTime()));
  const days = Math.max(1, (period.now.getTime() - since.getTime()) / DAY_MS);
  const value = succeeded / days;
  const from = `${plural(succeeded, 'deployment')} that succeeded, of ${finished}, in ${plural(twoDecimals(days), 'day')} since ${since.toISOString()}`;
  return { ...known, value: twoDecimals(value), met: value >= PER_DAY, from };
}

/** Of all deployments that are over, those that succeeded. Cancelled and rolled back is not succeeded. */
export function deploySuccessRate({ finished, succeeded }: DeploymentCounts, { since }: Period): Kpi {
  const known = { unit: 'percent', target: PERCENT } as const;
  const from = `${succeeded} of ${plural(finished, 'deployment')} that ended since ${since.toISOString()}; cancelled, failed and rolled-back ones have not succeeded`;
  if (finished === 0) {
    return { ...known, value: null, met: null, from: `no deployment has ended since ${since.toISOString()}` };
  }
  const value = (100 * succeeded) / finished;
  return { ...known, value: twoDecimals(value), met: value > PERCENT, from };
}

/** From a failure being noticed to something working again, in the mean. What still fails beyond the target fails it. */
export function mttr({ recovered, recoveryMs, open, openMs }: DeploymentCounts, { since }: Period): Kpi {
  const known = { unit: 'minutes', target: RECOVERY_MINUTES } as const;
  const value = recovered === 0 ? null : recoveryMs / recovered / MINUTE_MS;
  const openMinutes = (openMs ?? 0) / MINUTE_MS;
  const counted =
    recovered === 0 && open === 0
      ? 'no failure was noticed'
      : `${plural(recovered, 'failure')} noticed and recovered from, by rollback or by the next success,`;
  const still =
    open === 0 ? '' : `; ${open} more not recovered from yet, for up to ${twoDecimals(openMinutes)} minutes`;
  const met = openMinutes >= RECOVERY_MINUTES ? false : value === null ? null : value < RECOVERY_MINUTES;
  return {
    ...known,
    value: value === null ? null : twoDecimals(value),
    met,
    from: `${counted} since ${since.toISOString()}${still}`,
  };
}
