import { Inject, Injectable } from '@nestjs/common';
import { Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { DataSource, type EntityManager, IsNull, Not } from 'typeorm';
import { AccountArchived } from '../access/access.errors';
import { User } from '../users/user.entity';
import { RecoveryCode } from './recovery-code.entity';
import { recoveryCodeHash } from './recovery-codes';
import { SecondFactorBudget } from './second-factor-budget';
import { SecondFactor } from './second-factor.entity';
import { InvalidSecondFactor, SecondFactorRequired } from './second-factor.errors';
import { SecretSeal } from './secret-seal';
import { TOTP_CODE, totpStep } from './totp';

/** Asks an account for its second factor, if it has one. No code is good twice, whoever comes at the same moment. */
@Injectable()
export class SecondFactorCheck {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly seal: SecretSeal,
    private readonly budget: SecondFactorBudget,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Does some work in the transaction that uses up the code: where the work fails, the code stays good. A wrong code is
   * counted all the same.
   * @param code of the authenticator, or a recovery code; passed over where the account has no second factor
   * @param work gets the account as it stands, locked, and when the factor was shown: now, or null where it has none
   * @throws SecondFactorRequired where the account has one and there is no code, InvalidSecondFactor, TooManyAttempts,
   * AccountArchived where it was archived or erased meanwhile
   */
  async pass<T>(
    user: Pick<User, 'id' | 'emailKey'>,
    address: string,
    code: string | undefined,
    work: (manager: EntityManager, user: User, shownAt: Date | null) => Promise<T>,
  ): Promise<T> {
    const typed = code?.replace(/\s/g, '');
    // Before the transaction, which may hold one of few connections, and whose end the count must outlive.
    const counts = typed !== undefined && TOTP_CODE.test(typed) && (await this.isOn(user.id));
    const forgive = counts ? await this.budget.spend(user, address) : undefined;
    const result = await this.dataSource.transaction(async (manager) => {
      // The account's row before any other of its own, here as in everything that takes them: nobody waits in a circle.
      const account = await manager.findOne(User, { where: { id: user.id }, lock: { mode: 'for_no_key_update' } });
      if (!account?.isActive) throw new AccountArchived();
      return work(manager, account, await this.use(manager, user.id, typed));
    });
    await forgive?.();
    return result;
  }

  /** Whether the account has a second factor that counts. */
  async isOn(userId: string): Promise<boolean> {
    return this.dataSource.manager.existsBy(SecondFactor, { userId, confirmedAt: Not(IsNull()) });
  }

  private async use(manager: EntityManager, userId: string, code: string | undefined): Promise<Date | null> {
    const factor = await manager.findOneBy(SecondFactor, { userId, confirmedAt: Not(IsNull()) });
    if (!factor) return null;
    if (code === undefined) throw new SecondFactorRequired();
    const good = TOTP_CODE.test(code)
      ? await this.useStep(manager, factor, code)
      : await this.useRecoveryCode(manager, userId, code);
    if (!good) throw new InvalidSecondFactor();
    return this.clock.now();
  }

  private async useStep(manager: EntityManager, factor: SecondFactor, code: string): Promise<boolean> {
    const secret = this.secretOf(factor);
    const step = secret && totpStep(secret, code, this.clock.now());
    if (step === undefined) return false;
    // Of two that come with one code, be it on two replicas, the second finds the step used.
    const { affected } = await manager
      .createQueryBuilder()
      .update(SecondFactor)
      .set({ lastStep: String(step) })
      .where('user_id = :userId AND (last_step IS NULL OR last_step < :step)', { userId: factor.userId, step })
      .execute();
    return affected === 1;
  }

  private secretOf({ userId, sealedSecret }: SecondFactor): Buffer | undefined {
    try {
      return this.seal.open(userId, sealedSecret).inUse;
    } catch (err) {
      this.logger.error(
        { err, userId },
        'A second factor can’t be opened: is ACCOUNT_SECRET the one it was made with?',
      );
      return undefined;
    }
  }

  private async useRecoveryCode(manager: EntityManager, userId: string, code: string): Promise<boolean> {
    const { affected } = await manager.update(
      RecoveryCode,
      { userId, hash: recoveryCodeHash(code), usedAt: IsNull() },
      { usedAt: this.clock.now() },
    );
    return affected === 1;
  }
}
