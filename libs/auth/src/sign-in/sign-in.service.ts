import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AccountArchived } from '../access/access.errors';
import { PasswordHasher } from '../passwords/password-hasher';
import { SessionsService, type TokenPair } from '../sessions/sessions.service';
import { emailKey } from '../users/email-key';
import { TermsNotAccepted } from '../users/user.errors';
import { User } from '../users/user.entity';
import { UsersService } from '../users/users.service';
import type { LoginRequest } from './dto/login.request';
import type { RegisterRequest } from './dto/register.request';
import { SignInBudget } from './sign-in-budget';
import { InvalidCredentials } from './sign-in.errors';

/** Where a sign-in comes from. */
export interface Origin {
  address: string;
  userAgent: string | undefined;
}

export interface SignedIn {
  user: User;
  pair: TokenPair;
}

/** Signing up and signing in by form. */
@Injectable()
export class SignInService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly hasher: PasswordHasher,
    private readonly budget: SignInBudget,
  ) {}

  /** @throws TermsNotAccepted, Underage, WeakPassword, EmailTaken */
  async register(request: RegisterRequest, origin: Origin): Promise<SignedIn> {
    if (request.acceptTerms !== true) throw new TermsNotAccepted();
    const { acceptTerms: acceptsTerms, ...fields } = request;
    const person = { ...fields, acceptsTerms, role: 'customer' as const, emailVerified: false };
    return this.users.create(person, async (manager, user) => ({
      user,
      pair: await this.sessions.open(manager, user.id, origin.userAgent),
    }));
  }

  /** @throws InvalidCredentials, AccountArchived (only after a right password), TooManyAttempts */
  async login(request: LoginRequest, origin: Origin): Promise<SignedIn> {
    const key = emailKey(request.email);
    await this.budget.assertOpen(key, origin.address);
    const user = await this.dataSource.manager.findOneBy(User, { emailKey: key });
    const matches = await this.hasher.verify(user?.passwordHash, request.password);
    if (!user || !matches) {
      await this.budget.fail(key, origin.address);
      throw new InvalidCredentials();
    }
    // Again, since guesses that were sent all at once found the budget open: the failures among them count by now.
    await this.budget.assertOpen(key, origin.address);
    await this.budget.succeed(key, origin.address);
    if (!user.isActive) throw new AccountArchived();
    const pair = await this.dataSource.transaction((manager) => this.sessions.open(manager, user.id, origin.userAgent));
    return { user, pair };
  }
}
