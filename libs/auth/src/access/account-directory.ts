import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, PG_POOL } from '@tiptop/platform';
import DataLoader from 'dataloader';
import type { Pool } from 'pg';
import { sessionEndSql } from '../sessions/session-term';
import type { Role } from './roles';

/** What the guard must know of a session and its owner. */
export interface AccountStanding {
  id: string;
  role: Role;
  isActive: boolean;
  /** Whether the second factor was shown in this session. */
  secondFactorShown: boolean;
}

interface StandingRow extends AccountStanding {
  sessionId: string;
}

const STANDING = `
  SELECT s.id AS "sessionId", u.id, u.role, u.is_active AS "isActive",
    s.second_factor_at IS NOT NULL AS "secondFactorShown"
  FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = ANY($1::uuid[]) AND (s.revoked_at IS NULL OR (s.revoked_because = 'archived' AND NOT u.is_active)) AND ${sessionEndSql('s', 'u', '$3::int')} > $2`;

/** Longest wait for the query before, in case its connection is dead. */
const PATIENCE_MS = 50;

/**
 * Looks up who stands behind a session, in the database, for each request: an archived or demoted account loses its
 * rights on its next one, on every replica. Nothing is kept from one request to the next. While a look-up is under way
 * the requests that arrive gather for the next one, so that a busy service asks for many at once and an idle one never
 * waits.
 */
@Injectable()
export class AccountDirectory {
  private underWay: Promise<unknown> = Promise.resolve();
  private readonly loader = new DataLoader<string, AccountStanding | undefined>((ids) => this.query(ids), {
    cache: false,
    maxBatchSize: 100,
    batchScheduleFn: (run) => {
      void this.underWay.then(() => setImmediate(run));
    },
  });

  constructor(
    @Inject(PG_POOL) private readonly pool: Pool,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** @returns undefined where the session is unknown, ended or expired */
  async find(sessionId: string): Promise<AccountStanding | undefined> {
    return this.loader.load(sessionId);
  }

  private async query(sessionIds: readonly string[]): Promise<(AccountStanding | undefined)[]> {
    const answer = this.pool.query<StandingRow>({
      name: 'account-standing',
      text: STANDING,
      values: [sessionIds, this.clock.now(), this.config.staffSessionTtlSeconds],
    });
    this.underWay = Promise.race([answer.catch(() => undefined), sleep(PATIENCE_MS, undefined, { ref: false })]);
    const { rows } = await answer;
    const bySession = new Map(rows.map((row) => [row.sessionId, row]));
    return sessionIds.map((id) => bySession.get(id));
  }
}
