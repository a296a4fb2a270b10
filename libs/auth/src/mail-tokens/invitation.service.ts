import { Injectable } from '@nestjs/common';
import { AuditLog, Clock, MailOutbox, TooManyAttempts } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { INVITATION_MAIL } from '../mails/mail-names';
import { PasswordHasher } from '../passwords/password-hasher';
import { PasswordPolicy } from '../passwords/password-policy';
import { User } from '../users/user.entity';
import { InvalidToken } from './mail-token.errors';
import { MailRequestBudget } from './mail-request-budget';
import { MailTokens } from './mail-tokens';

/** The first password of somebody whose account others made for them. */
@Injectable()
export class InvitationService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tokens: MailTokens,
    private readonly outbox: MailOutbox,
    private readonly budget: MailRequestBudget,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Sets the first password, and shows that the address is theirs. A weak password leaves the token good; once there is a
   * password, however it was set, an invitation sets none.
   * @throws InvalidToken, WeakPassword
   */
  async accept(token: string, password: string): Promise<void> {
    const id = await this.tokens.peek(token, 'invitation');
    const invited = await this.dataSource.manager.findOneByOrFail(User, { id });
    await this.policy.assertStrong(password, [invited.email, invited.firstName, invited.lastName]);
    const passwordHash = await this.hasher.hash(password);
    const now = this.clock.now();
    await this.dataSource.transaction(async (manager) => {
      // The person before the token, as whoever erases an account does.
      const user = await manager.findOneOrFail(User, { where: { id }, lock: { mode: 'for_no_key_update' } });
      await this.tokens.use(manager, token, 'invitation');
      if (!user.isActive || user.passwordHash !== null) throw new InvalidToken();
      const emailVerifiedAt = user.emailVerifiedAt ?? now;
      await manager.update(User, { id }, { passwordHash, emailVerifiedAt, updatedAt: now });
      await this.audit.record(manager, { action: 'invitation-accepted', actor: user, subject: { type: 'user', id } });
    });
  }

  /**
   * Sends the letter again, in the caller's transaction; the links in earlier ones stay good until one is used.
   * @throws TooManyAttempts where this mailbox had too many
   */
  async resend(manager: EntityManager, user: User): Promise<void> {
    const seconds = await this.budget.countRecipient(user.emailKey);
    if (seconds > 0) throw new TooManyAttempts(seconds);
    await this.outbox.post(manager, { kind: INVITATION_MAIL, userId: user.id });
  }
}
