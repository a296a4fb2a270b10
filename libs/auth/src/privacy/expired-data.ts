import { Injectable } from '@nestjs/common';
import { AppConfig, AuditTrail, Clock } from '@tiptop/platform';
import { DataSource } from 'typeorm';

const DAY_MS = 86_400_000;
const MAIL_LINK_DAYS = 30;
const SESSION_DAYS = 90;
/** Rows a statement deletes at most, so that none holds locks for long. */
const BATCH = 5000;

/** How many rows went, by what they were; of entries of the audit log only the addresses. */
export interface ExpiredCounts {
  signIns: number;
  states: number;
  mailLinks: number;
  sessions: number;
  refreshes: number;
  budgets: number;
  auditAddresses: number;
}

interface Expiry {
  table: string;
  /** SQL; $1 is the moment before which a row is too old. */
  condition: string;
  /** How long after its end a row is kept. */
  days: number;
}

const EXPIRIES: Readonly<Record<Exclude<keyof ExpiredCounts, 'budgets' | 'auditAddresses'>, Expiry>> = {
  signIns: { table: 'sign_in_codes', condition: 'expires_at <= $1', days: 0 },
  states: { table: 'spent_states', condition: 'expires_at <= $1', days: 0 },
  mailLinks: { table: 'mail_tokens', condition: 'expires_at <= $1', days: MAIL_LINK_DAYS },
  // The newest session stays whatever its age: a sign-in from another device is recognised by it. Refresh tokens go
  // with their session.
  sessions: {
    table: 'sessions',
    condition: `least(revoked_at, expires_at) <= $1 AND EXISTS (SELECT FROM sessions newer
      WHERE newer.user_id = sessions.user_id AND (newer.created_at, newer.id) > (sessions.created_at, sessions.id))`,
    days: SESSION_DAYS,
  },
  // A session in use gets a new one every few minutes for as long as it lasts; one that has expired is refused unseen.
  refreshes: { table: 'refresh_tokens', condition: 'expires_at <= $1', days: 0 },
};

/** Rows that have served their time, and addresses in those that stay. */
@Injectable()
export class ExpiredData {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly trail: AuditTrail,
  ) {}

  async remove(): Promise<ExpiredCounts> {
    const now = this.clock.now().getTime();
    const remove = async ({ table, condition, days }: Expiry): Promise<number> =>
      this.delete(table, condition, [new Date(now - days * DAY_MS)]);
    return {
      signIns: await remove(EXPIRIES.signIns),
      states: await remove(EXPIRIES.states),
      mailLinks: await remove(EXPIRIES.mailLinks),
      sessions: await remove(EXPIRIES.sessions),
      refreshes: await remove(EXPIRIES.refreshes),
      // The library that keeps the budgets counts by the system's clock, not by the service's.
      budgets: await this.delete('attempt_budgets', 'expire <= extract(epoch FROM now()) * 1000', []),
      auditAddresses: await this.trail.forgetAddressesBefore(new Date(now - this.config.auditAddressDays * DAY_MS)),
    };
  }

  private async delete(table: string, condition: string, parameters: unknown[]): Promise<number> {
    let removed = 0;
    for (;;) {
      const [, count] = await this.dataSource.query<[unknown, number]>(
        `DELETE FROM ${table}
         WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${BATCH.toString()})) AND ${condition}`,
        parameters,
      );
      removed += count;
      if (count < BATCH) return removed;
    }
  }
}
