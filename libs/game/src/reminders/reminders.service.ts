import { Injectable } from '@nestjs/common';
import { AdvisoryLock, AppConfig, Clock, isRealSql, orderMailSql } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { PRIZE_REMINDER_MAIL } from '../mails/mail-names';

export const REMINDER_LOCK = 'reminders';
/** How many days before the last one to fetch a prize. */
const DAYS_BEFORE = [7, 2] as const;
/** In the contest's time zone: nobody is woken by a letter. */
const HOUR_OF_DAY = 9;
const BATCH = 500;

/** What a run did. */
export interface RemindersOutcome {
  /** Letters added to the queue. */
  posted: number;
}

/** The reminder of a contest whose time has come last. */
interface DueReminder {
  contestId: string;
  claimEndsAt: Date;
  daysBefore: number;
  dueAt: Date;
}

/** Reminds those whose prizes wait while the time to fetch them runs out. */
@Injectable()
export class RemindersService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Posts what is due and was not posted yet, however long nobody looked.
   * @param signal ends the run early, between two batches
   * @returns undefined where another process is at it
   */
  async run(signal?: AbortSignal): Promise<RemindersOutcome | undefined> {
    const { databaseUrl } = this.config;
    if (databaseUrl === undefined) throw new Error('DATABASE_URL must be resolved before the modules are wired.');
    const lock = await AdvisoryLock.tryAcquire(databaseUrl, REMINDER_LOCK);
    if (!lock) return undefined;
    try {
      let posted = 0;
      for (const due of await this.due()) posted += await this.post(due, signal);
      return { posted };
    } finally {
      await lock.release();
    }
  }

  /**
   * Of each contest the reminder that came due last: after days without service, nobody gets two at once. It is due at
   * nine of the clock on the wall, whatever a change of clocks does, so many days before the last one.
   */
  private async due(): Promise<DueReminder[]> {
    return this.dataSource.query<DueReminder[]>(
      `SELECT DISTINCT ON (c.id) c.id AS "contestId", c.claim_ends_at AS "claimEndsAt", days AS "daysBefore", due.at AS "dueAt"
       FROM contests c CROSS JOIN unnest($2::int[]) days
         CROSS JOIN LATERAL (SELECT (
           date_trunc('day', (c.claim_ends_at - interval '1 millisecond') AT TIME ZONE $3) - make_interval(days => days)
             + make_interval(hours => $4)) AT TIME ZONE $3 AS at) due
       WHERE due.at <= $1 AND $1 < c.claim_ends_at AND ${isRealSql('c.id')}
       ORDER BY c.id, days`,
      [this.clock.now(), DAYS_BEFORE, this.config.timeZone, HOUR_OF_DAY],
    );
  }

  private async post(due: DueReminder, signal: AbortSignal | undefined): Promise<number> {
    let posted = 0;
    let after: string | undefined;
    while (!signal?.aborted) {
      const ids = await this.waiting(due, after);
      if (ids.length > 0) posted += await this.postTo(due, ids);
      after = ids.at(-1);
      if (ids.length < BATCH) break;
    }
    return posted;
  }

  /** People with a prize that waited when the reminder came due: who won since then has just had a letter. */
  private async waiting(
    { contestId, claimEndsAt, daysBefore, dueAt }: DueReminder,
    after: string | undefined,
  ): Promise<string[]> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      `SELECT DISTINCT t.player_id AS id FROM tickets t JOIN users u ON u.id = t.player_id
       WHERE t.contest_id = $1 AND t.status = 'pending' AND t.played_at < $3 AND u.is_active AND u.erased_at IS NULL
         AND ($4::uuid IS NULL OR t.player_id > $4)
         AND NOT EXISTS (SELECT FROM reminders r
           WHERE r.contest_id = $1 AND r.user_id = t.player_id AND r.days_before = $2 AND r.claim_ends_at = $5)
       ORDER BY t.player_id LIMIT ${BATCH.toString()}`,
      [contestId, daysBefore, dueAt, after ?? null, claimEndsAt],
    );
    return rows.map(({ id }) => id);
  }

  /** One statement: a letter is ordered exactly where its row is written, and a row can be written once. */
  private async postTo(
    { contestId, claimEndsAt, daysBefore }: DueReminder,
    userIds: readonly string[],
  ): Promise<number> {
    const letter = orderMailSql(
      '$5',
      'added.user_id',
      `jsonb_build_object('contestId', $1::uuid, 'daysBefore', $2::smallint::text)`,
      'added',
    );
    const [row] = await this.dataSource.query<{ posted: number }[]>(
      `WITH added AS (
         INSERT INTO reminders (contest_id, user_id, days_before, claim_ends_at, posted_at)
         SELECT $1, id, $2, $6, $3 FROM unnest($4::uuid[]) id ON CONFLICT DO NOTHING RETURNING user_id
       ), ordered AS (${letter})
       SELECT count(*)::int AS posted FROM added`,
      [contestId, daysBefore, this.clock.now(), userIds, PRIZE_REMINDER_MAIL, claimEndsAt],
    );
    return row?.posted ?? 0;
  }
}
