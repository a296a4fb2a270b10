import { Injectable } from '@nestjs/common';
import { AuditLog, Clock, MailOutbox } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { PASSWORD_CHANGED_MAIL, RESET_PASSWORD_MAIL } from '../mails/mail-names';
import { PasswordHasher } from '../passwords/password-hasher';
import { PasswordPolicy } from '../passwords/password-policy';
import { RecoveryCode } from '../second-factor/recovery-code.entity';
import { SecondFactor } from '../second-factor/second-factor.entity';
import { SessionsService } from '../sessions/sessions.service';
import { RegistrationBudget } from '../sign-in/registration-budget';
import { SignInBudget } from '../sign-in/sign-in-budget';
import { Identity } from '../social/identity.entity';
import { emailKey } from '../users/email-key';
import { User } from '../users/user.entity';
import { InvalidToken } from './mail-token.errors';
import { MailRequestBudget } from './mail-request-budget';
import { MailTokens } from './mail-tokens';

/** A new password for who reads the letters to the account's address. */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tokens: MailTokens,
    private readonly outbox: MailOutbox,
    private readonly budget: MailRequestBudget,
    private readonly signInBudget: SignInBudget,
    private readonly newPasswords: RegistrationBudget,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly clock: Clock,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Sends a letter where there is such an account. Where there is none, or one letter too many was asked for, the same is
   * done down to the order in the queue, which then is for nobody: neither answer nor time tells who has an account.
   * @throws TooManyAttempts for the network's budget only
   */
  async forgot(email: string, address: string): Promise<void> {
    const key = emailKey(email);
    await this.budget.countAddress(address);
    const pause = await this.budget.countRecipient(key);
    const user = await this.dataSource.manager.findOneBy(User, { emailKey: key });
    const userId = user && pause === 0 ? user.id : null;
    await this.outbox.post(this.dataSource.manager, { kind: RESET_PASSWORD_MAIL, userId });
  }

  /**
   * Sets the password and ends every session. A weak password leaves the token good.
   * @throws InvalidToken, TooManyAttempts, WeakPassword
   */
  async reset(token: string, password: string, address: string): Promise<void> {
    const id = await this.tokens.peek(token, 'reset-password');
    await this.newPasswords.spend(address);
    const user = await this.dataSource.manager.findOneByOrFail(User, { id });
    await this.policy.assertStrong(password, [user.email, user.firstName, user.lastName]);
    const passwordHash = await this.hasher.hash(password);
    const now = this.clock.now();
    await this.dataSource.transaction(async (manager) => {
      // The person before the token, as whoever erases an account does.
      const { isActive, emailVerifiedAt, role } = await manager.findOneOrFail(User, {
        where: { id },
        lock: { mode: 'for_no_key_update' },
      });
      await this.tokens.use(manager, token, 'reset-password');
      if (!isActive) throw new InvalidToken();
      if (!emailVerifiedAt) await this.disown(manager, { id, role });
      await manager.update(User, { id }, { passwordHash, emailVerifiedAt: emailVerifiedAt ?? now, updatedAt: now });
      await this.sessions.endAll(manager, id, 'password-reset');
      await this.outbox.post(manager, { kind: PASSWORD_CHANGED_MAIL, userId: id, data: { at: now.toISOString() } });
      await this.audit.record(manager, {
        action: 'password-reset',
        actor: { id, role },
        subject: { type: 'user', id },
      });
    });
    await this.signInBudget.succeed(user.emailKey, address);
  }

  /**
   * Takes off an account whatever else opens it or bars it. Whoever registered it had never shown that the address was
   * theirs; now its reader has come, and may be somebody else. Of staff the second factor stays, which would be none if a
   * mailbox were enough to get rid of it: an operator can take it off.
   */
  private async disown(manager: EntityManager, { id: userId, role }: Pick<User, 'id' | 'role'>): Promise<void> {
    await manager.delete(Identity, { userId });
    if (role !== 'customer') return;
    for (const entity of [RecoveryCode, SecondFactor]) await manager.delete(entity, { userId });
  }
}
