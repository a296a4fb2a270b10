import { Inject, Injectable } from '@nestjs/common';
import {
  AdvisoryLock,
  AppConfig,
  type AuditActor,
  Clock,
  isDatabaseUnavailable,
  isRealSql,
  LOGGER,
  SERVICE,
} from '@tiptop/platform';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { ErasureService } from './erasure.service';
import { ExpiredData, type ExpiredCounts } from './expired-data';
import { PersonalData } from './personal-data';
import { Remnants } from './remnants';

const DAY_MS = 86_400_000;
const BATCH = 100;
export const RETENTION_LOCK = 'retention';

/** An account without activity for too long. */
export interface InactiveAccount {
  id: string;
  lastActiveAt: Date;
  /** Null where it is to be erased. */
  keptBecause: string | null;
}

/** What a run would do now. */
export interface RetentionPlan {
  /** Accounts whose last activity lies before are inactive. */
  inactiveSince: Date;
  accounts: InactiveAccount[];
}

/** What a run did. */
export interface RetentionOutcome {
  inactiveSince: Date;
  erased: number;
  /** Inactive but left: something still waits for their owner, or they came back during the run. */
  kept: number;
  /** Could not be erased; the log tells why. */
  failed: number;
  expired: ExpiredCounts;
}

/** Ends what is kept for longer than it is needed: accounts that nobody uses, and rows that have served their time. */
@Injectable()
export class RetentionService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly erasure: ErasureService,
    private readonly holders: PersonalData,
    private readonly expired: ExpiredData,
    private readonly remnants: Remnants,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Changes nothing. */
  async plan(): Promise<RetentionPlan> {
    const inactiveSince = this.inactiveSince();
    const accounts: InactiveAccount[] = [];
    for await (const account of this.inactive(inactiveSince)) {
      const reason = await this.holders.reasonToKeep(account.id, this.dataSource.manager);
      accounts.push({ ...account, keptBecause: reason ?? null });
    }
    return { inactiveSince, accounts };
  }

  /**
   * @param signal ends the run early, between two accounts
   * @param by who has it done, for the audit log
   * @returns undefined where another process is at it
   */
  async run(signal?: AbortSignal, by: AuditActor = SERVICE): Promise<RetentionOutcome | undefined> {
    const { databaseUrl } = this.config;
    if (databaseUrl === undefined) throw new Error('DATABASE_URL must be resolved before the modules are wired.');
    const lock = await AdvisoryLock.tryAcquire(databaseUrl, RETENTION_LOCK);
    if (!lock) return undefined;
    try {
      const inactiveSince = this.inactiveSince();
      const expired = await this.expired.remove();
      const accounts = await this.eraseInactive(inactiveSince, signal, by);
      if (!signal?.aborted) await this.remnants.remove();
      return { inactiveSince, ...accounts, expired };
    } finally {
      await lock.release();
    }
  }

  private async eraseInactive(
    inactiveSince: Date,
    signal: AbortSignal | undefined,
    by: AuditActor,
  ): Promise<Pick<RetentionOutcome, 'erased' | 'kept' | 'failed'>> {
    const counts = { erased: 0, kept: 0, failed: 0 };
    for await (const { id } of this.inactive(inactiveSince)) {
      if (signal?.aborted) break;
      try {
        counts[(await this.eraseIfInactive(id, inactiveSince, by)) ? 'erased' : 'kept']++;
      } catch (error) {
        if (isDatabaseUnavailable(error)) throw error;
        counts.failed++;
        this.logger.error({ err: error, userId: id }, 'An inactive account could not be erased');
      }
    }
    return counts;
  }

  /** Looks again under the account's lock: whoever signed in since the list was read is active. */
  private async eraseIfInactive(id: string, inactiveSince: Date, by: AuditActor): Promise<boolean> {
    return this.erasure.erase(
      id,
      async (user, manager) =>
        user.role === 'customer' &&
        user.lastActiveAt < inactiveSince &&
        (await this.holders.reasonToKeep(id, manager)) === undefined,
      () => by,
    );
  }

  /** Customers only: the accounts of staff are ended by those who administer them. */
  private async *inactive(since: Date): AsyncGenerator<Pick<InactiveAccount, 'id' | 'lastActiveAt'>> {
    let after: Pick<InactiveAccount, 'id' | 'lastActiveAt'> | undefined;
    for (;;) {
      const batch: Pick<InactiveAccount, 'id' | 'lastActiveAt'>[] = await this.dataSource.query(
        `SELECT id, last_active_at AS "lastActiveAt" FROM users
         WHERE erased_at IS NULL AND role = 'customer' AND last_active_at < $1 AND ${isRealSql('id')}
           AND ($2::timestamptz IS NULL OR (last_active_at, id) > ($2, $3::uuid))
         ORDER BY last_active_at, id LIMIT ${BATCH.toString()}`,
        [since, after?.lastActiveAt ?? null, after?.id ?? null],
      );
      yield* batch;
      after = batch.at(-1);
      if (batch.length < BATCH) return;
    }
  }

  private inactiveSince(): Date {
    return new Date(this.clock.now().getTime() - this.config.retention.inactiveDays * DAY_MS);
  }
}
