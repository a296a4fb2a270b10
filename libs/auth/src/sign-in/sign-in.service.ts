import { Injectable } from '@nestjs/common';
import { ANONYMOUS, AuditLog } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { PasswordProof } from '../passwords/password-proof';
import { SessionsService } from '../sessions/sessions.service';
import { emailKey } from '../users/email-key';
import { TermsNotAccepted } from '../users/user.errors';
import { User } from '../users/user.entity';
import { UsersService } from '../users/users.service';
import { Admission, type SignedIn } from './admission';
import type { LoginRequest } from './dto/login.request';
import type { RegisterRequest } from './dto/register.request';
import type { Origin } from './origin';
import { RegistrationBudget } from './registration-budget';
import { SignInBudget } from './sign-in-budget';
import { InvalidCredentials } from './sign-in.errors';

/** Signing up and signing in by form. */
@Injectable()
export class SignInService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly password: PasswordProof,
    private readonly budget: SignInBudget,
    private readonly registrations: RegistrationBudget,
    private readonly admission: Admission,
    private readonly audit: AuditLog,
  ) {}

  /** @throws TooManyAttempts, TermsNotAccepted, Underage, WeakPassword, EmailTaken */
  async register(request: RegisterRequest, origin: Origin): Promise<SignedIn> {
    await this.registrations.spend(origin.address);
    if (request.acceptTerms !== true) throw new TermsNotAccepted();
    const { acceptTerms: acceptsTerms, ...fields } = request;
    const { language } = origin;
    const person = { ...fields, acceptsTerms, language, role: 'customer' as const, emailVerified: false };
    const signedIn = await this.users.create(person, async (manager, user) => {
      const subject = { type: 'user', id: user.id };
      const details = { method: 'password' };
      await this.audit.record(manager, { action: 'account-registered', actor: user, subject, details });
      return { user, pair: await this.sessions.open(manager, user, origin) };
    });
    await this.budget.remember(signedIn.user.emailKey, origin.address);
    return signedIn;
  }

  /**
   * @throws InvalidCredentials, TooManyAttempts; and only after a right password AccountArchived, SecondFactorRequired,
   * InvalidSecondFactor
   */
  async login({ email, password, secondFactor }: LoginRequest, origin: Origin): Promise<SignedIn> {
    const key = emailKey(email);
    const user = await this.dataSource.manager.findOneBy(User, { emailKey: key });
    try {
      await this.password.assertKnown(key, user?.passwordHash, password, origin.address);
      if (!user) throw new InvalidCredentials();
    } catch (error) {
      if (error instanceof InvalidCredentials) await this.recordRefusal(user?.id, error);
      throw error;
    }
    return this.admission.admit(user, origin, secondFactor, async (manager) =>
      this.password.assertUnchanged(manager, user),
    );
  }

  /** With and without an account: one entry more for one of them would tell by its time which one it is. */
  private async recordRefusal(userId: string | undefined, { code }: InvalidCredentials): Promise<void> {
    const subject = userId === undefined ? null : { type: 'user', id: userId };
    const details = { method: 'password', reason: code };
    await this.audit.recordApart({ action: 'sign-in-refused', actor: ANONYMOUS, subject, details });
  }
}
