import { Injectable } from '@nestjs/common';
import { ANONYMOUS, AuditLog } from '@tiptop/platform';
import type { EntityManager } from 'typeorm';
import { AccountArchived } from '../access/access.errors';
import { InvalidSecondFactor } from '../second-factor/second-factor.errors';
import { SecondFactorCheck } from '../second-factor/second-factor-check';
import { SessionsService, type TokenPair } from '../sessions/sessions.service';
import type { User } from '../users/user.entity';
import type { Origin } from './origin';
import { SignInBudget } from './sign-in-budget';

/** Somebody with a fresh session. */
export interface SignedIn {
  user: User;
  pair: TokenPair;
}

/** The last step of every way in, once it is known who stands there: by form, with Google, with Facebook. */
@Injectable()
export class Admission {
  constructor(
    private readonly sessions: SessionsService,
    private readonly secondFactor: SecondFactorCheck,
    private readonly budget: SignInBudget,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Opens a session.
   * @param secondFactor the authenticator's code or a recovery code; passed over where the account has no second factor
   * @param alongside what stands or falls with the session, in its transaction
   * @param method what they showed who they are by: `password`, or a provider
   * @throws AccountArchived, SecondFactorRequired, InvalidSecondFactor, TooManyAttempts
   */
  async admit(
    user: User,
    origin: Origin,
    secondFactor?: string,
    alongside: (manager: EntityManager) => Promise<unknown> = () => Promise.resolve(),
    method = 'password',
  ): Promise<SignedIn> {
    const subject = { type: 'user', id: user.id };
    try {
      if (!user.isActive) throw new AccountArchived();
      const signedIn = await this.secondFactor.pass(
        user,
        origin.address,
        secondFactor,
        async (manager, account, at) => {
          await alongside(manager);
          const details = { method, secondFactor: at !== null };
          await this.audit.record(manager, { action: 'sign-in', actor: account, subject, details });
          return { user: account, pair: await this.sessions.open(manager, account, origin, at) };
        },
      );
      await this.budget.remember(user.emailKey, origin.address);
      return signedIn;
    } catch (error) {
      if (error instanceof AccountArchived || error instanceof InvalidSecondFactor) {
        const details = { method, reason: error.code };
        await this.audit.recordApart({ action: 'sign-in-refused', actor: ANONYMOUS, subject, details });
      }
      throw error;
    }
  }
}
