import { Inject, Injectable } from '@nestjs/common';
import { type AuditActor, AuditLog, isLockFailure, LOGGER, MailFiles, SERVICE } from '@tiptop/platform';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';
import { Unauthenticated } from '../access/access.errors';
import type { Account } from '../access/account';
import { User } from '../users/user.entity';
import { AccountRecords } from './account-records';
import { PersonalData } from './personal-data';
import { SignInRecords } from './sign-in-records';

/**
 * PostgreSQL looks for a circle of waiting after a second, and fails whoever looked. An erasure touches many tables, and
 * gives way before that: never does somebody else's request fail for its sake.
 */
const LOCK_PATIENCE_MS = 250;
const TRIES = 20;

/** Whether an account may go, asked under its lock. */
export type MayErase = (user: User, manager: EntityManager) => Promise<boolean>;

/** Takes out of the service who a person is; what they did stays, and is nobody's. */
@Injectable()
export class ErasureService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly account: AccountRecords,
    private readonly signIn: SignInRecords,
    private readonly others: PersonalData,
    private readonly files: MailFiles,
    private readonly audit: AuditLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws LastAdmin; Unauthenticated where another call has just done it */
  async eraseMe({ id: userId, role }: Account): Promise<void> {
    const refusal = {
      action: 'account-change-refused',
      actor: { id: userId, role },
      subject: { type: 'user', id: userId },
      details: { attempt: 'account-erased' },
    } as const;
    const byOwner = (user: User): AuditActor => ({ id: userId, role: user.role });
    const erased = await this.audit.watch(refusal, ['LAST_ADMIN'], async () =>
      this.erase(userId, () => Promise.resolve(true), byOwner),
    );
    if (!erased) throw new Unauthenticated();
  }

  /**
   * Erases an account in a transaction of its own.
   * @param by who does it, for the audit log
   * @returns false where there is none, where it is erased already, or where it may not be
   * @throws LastAdmin
   */
  async erase(userId: string, mayErase: MayErase, by: (user: User) => AuditActor = () => SERVICE): Promise<boolean> {
    const erased = await this.givingWay(() =>
      this.dataSource.transaction(async (manager) => {
        await manager.query(`SET LOCAL lock_timeout = ${LOCK_PATIENCE_MS.toString()}`);
        const user = await manager.findOne(User, { where: { id: userId }, lock: { mode: 'pessimistic_write' } });
        if (!user || user.erasedAt || !(await mayErase(user, manager))) return false;
        // Before the addresses go, this one's among them.
        const subject = { type: 'user', id: userId };
        await this.audit.record(manager, { action: 'account-erased', actor: by(user), subject });
        await this.others.erase(userId, manager);
        await this.signIn.erase(user, manager);
        await this.account.erase(user, manager);
        return true;
      }),
    );
    if (erased) await this.forgetFiles(userId);
    return erased;
  }

  /** Removes what stands outside of the database. It may be repeated. */
  async forgetFiles(userId: string): Promise<void> {
    try {
      await this.files.forget(userId);
    } catch (err) {
      // The account is gone, and its owner is told so; the nightly run tries again.
      this.logger.error({ err, userId }, 'The letters written for an erased account could not be removed');
    }
  }

  /** Begins anew where somebody else is at work on the same rows, so that theirs is never the one that fails. */
  private async givingWay<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!isLockFailure(error) || attempt === TRIES) throw error;
      }
    }
  }
}
