import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, PG_POOL } from '@tiptop/platform';
import type { Pool } from 'pg';
import type { BackupState, FailedTrial, LastRun } from './backup-state';

/** How long what was read is as good as new. */
const FRESH_MS = 10_000;
/** Whoever polls the health does not wait for a table that somebody has locked. */
const ANSWER_MS = 2000;

/** Runs that have come to a backup. */
const GOOD = `environment = $1 AND status IN ('succeeded', 'degraded')`;
/** Of a backup that is not known to be another environment's, whose database this one may have been restored from. */
const OWN = `NOT EXISTS (SELECT FROM backup_runs r WHERE r.id = v.backup_id AND r.environment <> $1)`;

/** The manifest may be large, and is looked at last. */
function newestAt(place: '==' | '!='): string {
  return `(SELECT started_at FROM backup_runs
    WHERE ${GOOD} AND jsonb_path_exists(copies, '$[*] ? (@.place ${place} "local" && @.verified == true)')
      AND manifest->>'quarantined' IS NULL
    ORDER BY started_at DESC, id DESC LIMIT 1)`;
}

/**
 * Runs by the index on (environment, started_at), trials by the one on (level, started_at): years of them take no longer. A
 * store that has taken part in no drill for eight days before the last one is drilled no more: switched off, or renamed.
 */
const STATE = `
  WITH last AS (
    SELECT id, status, started_at, finished_at, (manifest->'archive'->>'bytes')::float8 AS bytes FROM backup_runs
    WHERE environment = $1 AND finished_at IS NOT NULL ORDER BY started_at DESC, id DESC LIMIT 1
  ), good AS (
    SELECT started_at, jsonb_path_exists(copies, '$[*] ? (@.place != "local")') AS has_stores FROM backup_runs
    WHERE ${GOOD} ORDER BY started_at DESC, id DESC LIMIT 1
  ), night AS (
    SELECT id, reason FROM backup_runs
    WHERE environment = $1 AND status = 'failed' AND trigger IN ('schedule', 'catch-up')
      AND started_at > coalesce((SELECT started_at FROM good), '-infinity')
    ORDER BY started_at DESC, id DESC LIMIT 1
  ), round AS MATERIALIZED (
    SELECT level, (
      SELECT v.started_at FROM backup_verifications v
      WHERE v.level = l.level AND ${OWN} ORDER BY v.started_at DESC LIMIT 1
    ) - interval '8 days' AS since
    FROM (VALUES ('restore'), ('drill')) l (level)
  ), trial AS (
    SELECT v.*, max(v.started_at) OVER (PARTITION BY v.level, v.source) AS newest
    FROM round JOIN backup_verifications v ON v.level = round.level AND v.started_at > round.since
    WHERE ${OWN}
  )
  SELECT
    ${newestAt('!=')} AS "remoteAt",
    ${newestAt('==')} AS "localAt",
    (SELECT has_stores FROM good) AS "hasStores",
    last.id, last.status, last.started_at AS "startedAt", last.finished_at AS "finishedAt", last.bytes,
    (SELECT jsonb_build_object('id', id, 'reason', reason) FROM night) AS "failedNight",
    (SELECT coalesce(jsonb_agg(jsonb_build_object('level', level, 'backupId', backup_id, 'source', source, 'detail', detail)
       ORDER BY level DESC, source, backup_id), '[]') FROM trial WHERE started_at = newest AND NOT passed) AS "failedTrials"
  FROM (SELECT) one LEFT JOIN last ON true`;

type StateRow = Pick<BackupState, 'remoteAt' | 'localAt' | 'hasStores' | 'failedNight'> & {
  [K in keyof LastRun]: LastRun[K] | null;
} & { failedTrials: FailedTrial[] };

/** Reads what the rows say of this environment's backups: one query, and at most one in ten seconds. */
@Injectable()
export class BackupStateReader {
  private readonly environment: string;
  private known: { at: number; state: Promise<BackupState> } | undefined;

  constructor(
    @Inject(PG_POOL) private readonly pool: Pool,
    { ops }: AppConfig,
    private readonly clock: Clock,
  ) {
    this.environment = ops.environment;
  }

  /** @throws the database's fault, for ten seconds the same one; an Error where it does not answer */
  async read(): Promise<BackupState> {
    const now = this.clock.now().getTime();
    if (!this.known || Math.abs(now - this.known.at) >= FRESH_MS) {
      this.known = { at: now, state: inTime(this.query()) };
    }
    return this.known.state;
  }

  private async query(): Promise<BackupState> {
    const { rows } = await this.pool.query<StateRow>({ name: 'backup-state', text: STATE, values: [this.environment] });
    const [row] = rows;
    if (!row) throw new Error('The state of the backups came without a row.');
    const { remoteAt, localAt, hasStores, failedNight, failedTrials, ...last } = row;
    return {
      remoteAt,
      localAt,
      hasStores,
      failedNight,
      failedTrials,
      lastRun: last.id === null ? null : (last as LastRun),
    };
  }
}

/** Rejects after two seconds; the query itself is ended by the pool's own limits. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`The state of the backups was not read within ${ANSWER_MS} ms.`));
    }, ANSWER_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
