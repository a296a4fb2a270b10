import { Injectable } from '@nestjs/common';
import {
  AppConfig,
  type AuditAction,
  AuditLog,
  type AuditRecord,
  Clock,
  MailOutbox,
  OPERATOR,
  ValidationFailed,
} from '@tiptop/platform';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import type { Account } from '../access/account';
import { Unauthenticated } from '../access/access.errors';
import { SECOND_FACTOR_OFF_MAIL, SECOND_FACTOR_ON_MAIL } from '../mails/mail-names';
import { PasswordProof } from '../passwords/password-proof';
import { Session } from '../sessions/session.entity';
import { SessionsService } from '../sessions/sessions.service';
import { emailKey } from '../users/email-key';
import { User } from '../users/user.entity';
import type { SetUpSecondFactorRequest } from './dto/set-up-second-factor.request';
import { RecoveryCode } from './recovery-code.entity';
import { newRecoveryCodes, recoveryCodeHash } from './recovery-codes';
import { SecondFactorBudget } from './second-factor-budget';
import { SecondFactorCheck } from './second-factor-check';
import { SecondFactor } from './second-factor.entity';
import {
  InvalidSecondFactor,
  SecondFactorAlreadyOn,
  SecondFactorMandatory,
  SecondFactorNotOn,
} from './second-factor.errors';
import { SecretSeal } from './secret-seal';
import { newTotpSecret, totpEnrolment, totpStep } from './totp';

/** What somebody tries with their second factor. */
type Attempt = Extract<AuditAction, 'second-factor-on' | 'second-factor-off' | 'recovery-codes-renewed'>;

const ISSUER = 'Thé Tip Top';

/** How an account stands with its second factor. */
export interface SecondFactorState {
  enabled: boolean;
  /** Whether the account's role may not do without. */
  required: boolean;
  recoveryCodesLeft: number;
  since: Date | null;
}

/** Sets the second factor of an account up, replaces it, and takes it away. */
@Injectable()
export class SecondFactorService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly seal: SecretSeal,
    private readonly check: SecondFactorCheck,
    private readonly budget: SecondFactorBudget,
    private readonly password: PasswordProof,
    private readonly sessions: SessionsService,
    private readonly outbox: MailOutbox,
    private readonly audit: AuditLog,
  ) {}

  async state({ id: userId, role }: Account): Promise<SecondFactorState> {
    const { manager } = this.dataSource;
    const [factor, recoveryCodesLeft] = await Promise.all([
      manager.findOneBy(SecondFactor, { userId }),
      manager.countBy(RecoveryCode, { userId, usedAt: IsNull() }),
    ]);
    const since = factor?.confirmedAt ?? null;
    return { enabled: since !== null, required: this.isMandatory(role), recoveryCodesLeft, since };
  }

  /**
   * Begins with a new authenticator, which counts from confirm() on; until then the one before it, if any, is asked for.
   * @returns the secret as an authenticator takes it by hand, and as a QR code
   * @throws InvalidCredentials for a wrong password; SecondFactorAlreadyOn where there is one and no code of it is shown,
   * InvalidSecondFactor, TooManyAttempts
   */
  async setUp(
    { id }: Account,
    address: string,
    { currentPassword, code }: SetUpSecondFactorRequest,
  ): Promise<{ secret: string; otpauthUri: string }> {
    const user = await this.dataSource.manager.findOneByOrFail(User, { id });
    if (user.passwordHash !== null) {
      if (currentPassword === undefined) {
        throw new ValidationFailed([{ path: 'currentPassword', message: 'isString' }]);
      }
      const { emailKey: key, passwordHash } = user;
      await this.audit.watch(refusalOf(user, 'second-factor-on'), ['INVALID_CREDENTIALS'], async () =>
        this.password.assertKnown(key, passwordHash, currentPassword, address),
      );
    }
    if (code === undefined && (await this.check.isOn(id))) throw new SecondFactorAlreadyOn();
    const secret = newTotpSecret();
    await this.pass(user, 'second-factor-on', address, code, async (manager, _, shownAt) => {
      const now = this.clock.now();
      if (shownAt === null) {
        const sealedSecret = this.seal.seal(id, { inUse: secret });
        const waiting = { userId: id, sealedSecret, createdAt: now, confirmedAt: null, lastStep: null };
        await manager.upsert(SecondFactor, waiting, ['userId']);
      } else {
        const { sealedSecret } = await manager.findOneByOrFail(SecondFactor, { userId: id });
        const { inUse } = this.seal.open(id, sealedSecret);
        await manager.update(SecondFactor, id, { sealedSecret: this.seal.seal(id, { inUse, next: secret }) });
      }
    });
    await this.budget.forgiveConfirmations(id);
    return totpEnrolment(secret, ISSUER, user.email);
  }

  /**
   * Turns the new authenticator on. Of the account's sessions this one has shown the second factor, and no other.
   * @returns new recovery codes; the earlier ones are void
   * @throws SecondFactorNotOn where no set-up was begun, InvalidSecondFactor, TooManyAttempts
   */
  async confirm(account: Account, code: string): Promise<string[]> {
    await this.budget.spendConfirmation(account.id);
    return this.audit.watch(refusalOf(account, 'second-factor-on'), ['INVALID_SECOND_FACTOR'], async () =>
      this.turnOn(account, code),
    );
  }

  private async turnOn({ id: userId, role, sessionId }: Account, code: string): Promise<string[]> {
    return this.dataSource.transaction(async (manager) => {
      await manager.findOneOrFail(User, { where: { id: userId }, lock: { mode: 'for_no_key_update' } });
      const factor = await manager.findOneBy(SecondFactor, { userId });
      const { inUse, next } = factor ? this.seal.open(userId, factor.sealedSecret) : {};
      const secret = factor?.confirmedAt ? next : inUse;
      if (!secret) throw new SecondFactorNotOn();
      const now = this.clock.now();
      const step = totpStep(secret, code.replace(/\s/g, ''), now);
      if (step === undefined) throw new InvalidSecondFactor();
      await manager.update(SecondFactor, userId, {
        sealedSecret: this.seal.seal(userId, { inUse: secret }),
        confirmedAt: now,
        lastStep: String(step),
      });
      await manager.update(Session, { userId }, { secondFactorAt: null });
      const open = { id: sessionId, revokedAt: IsNull() };
      const { affected } = await manager.update(Session, open, { secondFactorAt: now });
      // Since the guard looked, the owner may have ended it by a new password: nobody bars them from their account now.
      if (affected !== 1) throw new Unauthenticated();
      await this.tell(manager, userId, SECOND_FACTOR_ON_MAIL);
      const subject = { type: 'user', id: userId };
      await this.audit.record(manager, { action: 'second-factor-on', actor: { id: userId, role }, subject });
      return this.replaceRecoveryCodes(manager, userId);
    });
  }

  /**
   * @returns new recovery codes; the earlier ones are void
   * @throws SecondFactorNotOn, InvalidSecondFactor, TooManyAttempts
   */
  async renewRecoveryCodes({ id }: Account, address: string, code: string): Promise<string[]> {
    const user = await this.dataSource.manager.findOneByOrFail(User, { id });
    return this.pass(user, 'recovery-codes-renewed', address, code, async (manager, { role }, shownAt) => {
      if (shownAt === null) throw new SecondFactorNotOn();
      const subject = { type: 'user', id };
      await this.audit.record(manager, { action: 'recovery-codes-renewed', actor: { id, role }, subject });
      return this.replaceRecoveryCodes(manager, id);
    });
  }

  /** @throws SecondFactorMandatory, SecondFactorNotOn, InvalidSecondFactor, TooManyAttempts */
  async turnOff({ id }: Account, address: string, code: string): Promise<void> {
    const user = await this.dataSource.manager.findOneByOrFail(User, { id });
    await this.pass(user, 'second-factor-off', address, code, async (manager, { role }, shownAt) => {
      if (shownAt === null) throw new SecondFactorNotOn();
      if (this.isMandatory(role)) throw new SecondFactorMandatory();
      await this.remove(manager, id);
      const subject = { type: 'user', id };
      await this.audit.record(manager, { action: 'second-factor-off', actor: { id, role }, subject });
      // Should the role come to need one, none of these sessions has shown what counts then.
      await manager.update(Session, { userId: id }, { secondFactorAt: null });
    });
  }

  /**
   * Takes the second factor away from a person who lost authenticator and recovery codes, and ends their sessions.
   * @returns the account's id; undefined where there is no such account
   * @throws SecondFactorNotOn
   */
  async reset(email: string): Promise<string | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const user = await manager.findOne(User, {
        where: { emailKey: emailKey(email) },
        lock: { mode: 'for_no_key_update' },
      });
      if (!user) return undefined;
      if (!(await this.remove(manager, user.id))) throw new SecondFactorNotOn();
      // The operator acts for the owner, who is somewhere without the means to do so.
      await this.sessions.endAll(manager, user.id, 'ended-by-owner');
      const subject = { type: 'user', id: user.id };
      await this.audit.record(manager, { action: 'second-factor-reset', actor: OPERATOR, subject });
      return user.id;
    });
  }

  /** As SecondFactorCheck.pass(), and writes down what it was refused by. */
  private async pass<T>(
    user: User,
    attempt: Attempt,
    address: string,
    code: string | undefined,
    work: Parameters<typeof this.check.pass<T>>[3],
  ): Promise<T> {
    return this.audit.watch(refusalOf(user, attempt), ['INVALID_SECOND_FACTOR', 'SECOND_FACTOR_MANDATORY'], async () =>
      this.check.pass(user, address, code, work),
    );
  }

  private isMandatory(role: User['role']): boolean {
    return this.config.adminSecondFactor && role === 'admin';
  }

  /** @returns whether there was one, be it but begun */
  private async remove(manager: EntityManager, userId: string): Promise<boolean> {
    await manager.delete(RecoveryCode, { userId });
    const { affected } = await manager.delete(SecondFactor, { userId });
    if (affected === 1) await this.tell(manager, userId, SECOND_FACTOR_OFF_MAIL);
    return affected === 1;
  }

  private async tell(manager: EntityManager, userId: string, kind: string): Promise<void> {
    await this.outbox.post(manager, { kind, userId, data: { at: this.clock.now().toISOString() } });
  }

  private async replaceRecoveryCodes(manager: EntityManager, userId: string): Promise<string[]> {
    const codes = newRecoveryCodes();
    await manager.delete(RecoveryCode, { userId });
    await manager.insert(
      RecoveryCode,
      codes.map((code) => ({ userId, hash: recoveryCodeHash(code), usedAt: null })),
    );
    return codes;
  }
}

function refusalOf({ id, role }: Pick<User, 'id' | 'role'>, attempt: Attempt): AuditRecord {
  return {
    action: 'account-change-refused',
    actor: { id, role },
    subject: { type: 'user', id },
    details: { attempt },
  };
}
