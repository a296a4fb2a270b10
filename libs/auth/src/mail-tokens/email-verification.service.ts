import { Injectable } from '@nestjs/common';
import { AuditLog, Clock, MailOutbox, TooManyAttempts } from '@tiptop/platform';
import { DataSource, IsNull } from 'typeorm';
import { User } from '../users/user.entity';
import { VERIFY_EMAIL_MAIL } from '../mails/mail-names';
import { MailRequestBudget } from './mail-request-budget';
import { MailTokens } from './mail-tokens';

/** Proves that the person behind an account reads the letters to its address. */
@Injectable()
export class EmailVerificationService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tokens: MailTokens,
    private readonly outbox: MailOutbox,
    private readonly budget: MailRequestBudget,
    private readonly clock: Clock,
    private readonly audit: AuditLog,
  ) {}

  /** @throws InvalidToken */
  async verify(token: string): Promise<void> {
    const id = await this.tokens.peek(token, 'verify-email');
    await this.dataSource.transaction(async (manager) => {
      const now = this.clock.now();
      // The person before the token, as whoever erases an account does.
      await manager.update(User, { id, erasedAt: IsNull() }, { updatedAt: now });
      await this.tokens.use(manager, token, 'verify-email');
      const unverified = { id, emailVerifiedAt: IsNull(), erasedAt: IsNull() };
      const { affected } = await manager.update(User, unverified, { emailVerifiedAt: now });
      if (affected !== 1) return;
      const { role } = await manager.findOneByOrFail(User, { id });
      await this.audit.record(manager, {
        action: 'email-verified',
        actor: { id, role },
        subject: { type: 'user', id },
      });
    });
  }

  /** Sends the letter again; nothing where the address is verified. @throws TooManyAttempts */
  async resend(userId: string): Promise<void> {
    const user = await this.dataSource.manager.findOneByOrFail(User, { id: userId });
    if (user.emailVerifiedAt) return;
    const seconds = await this.budget.countRecipient(user.emailKey);
    if (seconds > 0) throw new TooManyAttempts(seconds);
    await this.outbox.post(this.dataSource.manager, { kind: VERIFY_EMAIL_MAIL, userId });
  }
}
