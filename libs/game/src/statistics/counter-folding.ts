import { Injectable } from '@nestjs/common';
import { advisoryKey, AppConfig } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { ageSql, FOLDING_LOCK, slotSql } from './counter-sql';

/** Changes that one transaction sums up at most: some tenths of a second. */
const BATCH = 20_000;

/**
 * Moves a batch of changes into the totals. One statement, so that every reader finds a change in exactly one of the
 * two. A person is a participant by the first play that is summed up; the others find them there.
 */
const FOLD = `
WITH taken AS MATERIALIZED (
  DELETE FROM counter_changes WHERE ctid = ANY(ARRAY(SELECT ctid FROM counter_changes LIMIT ${BATCH.toString()}))
  RETURNING kind, n, contest_id, prize_id, store_id, player_id, at
), totals AS (
  INSERT INTO counter_totals AS held (kind, contest_id, prize_id, store_id, n)
  SELECT kind, contest_id, prize_id, store_id, sum(n) FROM taken
  WHERE kind <> 'registered' GROUP BY kind, contest_id, prize_id, store_id
  ON CONFLICT (contest_id, kind, prize_id, store_id) DO UPDATE SET n = held.n + excluded.n
), slots AS (
  INSERT INTO counter_slots AS held (kind, contest_id, slot, n)
  SELECT kind, contest_id, ${slotSql('at')}, sum(n) FROM taken WHERE at IS NOT NULL GROUP BY 1, 2, 3
  ON CONFLICT (contest_id, kind, slot) DO UPDATE SET n = held.n + excluded.n
), newcomers AS (
  INSERT INTO participants (contest_id, player_id, gender, age, first_played_at)
  SELECT DISTINCT ON (c.contest_id, c.player_id) c.contest_id, c.player_id, u.gender,
    ${ageSql('c.at', 'u.birth_date', '$1')}, c.at
  FROM taken c JOIN users u ON u.id = c.player_id WHERE c.kind = 'played'
  ORDER BY c.contest_id, c.player_id, c.at
  ON CONFLICT (contest_id, player_id) DO NOTHING
  RETURNING contest_id, gender, age
), people AS (
  INSERT INTO participant_totals AS held (contest_id, gender, age, n)
  SELECT contest_id, gender, age, count(*) FROM newcomers GROUP BY contest_id, gender, age
  ON CONFLICT (contest_id, gender, age) DO UPDATE SET n = held.n + excluded.n
)
SELECT count(*)::int AS folded FROM taken`;

/** Sums up what the database noted of plays, hand-overs, print runs and registrations. */
@Injectable()
export class CounterFolding {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
  ) {}

  /**
   * Sums up until little is left. It does nothing where another process is at it, and next to nothing where there is
   * nothing to do.
   * @param batches how many transactions at most
   * @returns how many changes were summed up
   */
  async fold(batches = Number.POSITIVE_INFINITY): Promise<number> {
    let all = 0;
    for (let batch = 1; batch <= batches; batch++) {
      const [waiting] = await this.dataSource.query<unknown[]>('SELECT FROM counter_changes LIMIT 1');
      if (!waiting) break;
      const folded = await this.dataSource.transaction((manager) => this.foldBatch(manager));
      all += folded;
      if (folded < BATCH) break;
    }
    return all;
  }

  private async foldBatch(manager: EntityManager): Promise<number> {
    const [lock] = await manager.query<{ won: boolean }[]>('SELECT pg_try_advisory_xact_lock($1::bigint) AS won', [
      advisoryKey(FOLDING_LOCK),
    ]);
    if (!lock?.won) return 0;
    const [row] = await manager.query<{ folded: number }[]>(FOLD, [this.config.timeZone]);
    return row?.folded ?? 0;
  }
}
