import { Injectable } from '@nestjs/common';
import { AppConfig, calendarDay, Clock, hasReachedAge, isUniqueViolation } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import type { Role } from '../access/roles';
import { PasswordHasher } from '../passwords/password-hasher';
import { PasswordPolicy } from '../passwords/password-policy';
import { SessionsService } from '../sessions/sessions.service';
import { InvalidCredentials } from '../sign-in/sign-in.errors';
import { SignInBudget } from '../sign-in/sign-in-budget';
import { Consent, type ConsentKind } from './consent.entity';
import type { ChangePasswordRequest } from './dto/change-password.request';
import type { UpdateMeRequest } from './dto/update-me.request';
import { emailKey } from './email-key';
import { searchTextOf } from './search-text';
import { EmailTaken, Underage } from './user.errors';
import { type Gender, User } from './user.entity';

export interface NewUser {
  email: string;
  password: string;
  firstName: string;
  lastName: string;
  /** `YYYY-MM-DD`. */
  birthDate: string;
  gender?: Gender | null | undefined;
  newsletter?: boolean | undefined;
  role: Role;
  /** Whether the person accepted the terms now; staff accounts made by an operator have not. */
  acceptsTerms: boolean;
  /** Whether the address is known to be theirs. */
  emailVerified: boolean;
}

/** Accounts and what their owners may change of them. */
@Injectable()
export class UsersService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly budget: SignInBudget,
  ) {}

  /**
   * Makes an account, and in the same transaction whatever else shall stand or fall with it.
   * @throws Underage, WeakPassword, EmailTaken
   */
  async create<T>(person: NewUser, alongside: (manager: EntityManager, user: User) => Promise<T>): Promise<T> {
    this.assertOldEnough(person.birthDate);
    await this.policy.assertStrong(person.password, [person.email, person.firstName, person.lastName]);
    // Hashing takes tens of milliseconds; no connection is held meanwhile.
    const passwordHash = await this.hasher.hash(person.password);
    const now = this.clock.now();
    const key = emailKey(person.email);
    return this.dataSource.transaction(async (manager) => {
      const user = manager.create(User, {
        email: person.email,
        emailKey: key,
        passwordHash,
        firstName: person.firstName,
        lastName: person.lastName,
        birthDate: person.birthDate,
        gender: person.gender ?? null,
        role: person.role,
        isActive: true,
        emailVerifiedAt: person.emailVerified ? now : null,
        newsletter: person.newsletter ?? false,
        searchText: searchTextOf({ ...person, emailKey: key }),
        createdAt: now,
        updatedAt: now,
      });
      try {
        await manager.insert(User, user);
      } catch (error) {
        throw isUniqueViolation(error, 'users_email_key_key') ? new EmailTaken() : error;
      }
      if (person.acceptsTerms) await this.recordConsent(manager, user.id, 'terms', true);
      if (person.newsletter !== undefined) await this.recordConsent(manager, user.id, 'newsletter', person.newsletter);
      return alongside(manager, user);
    });
  }

  async get(id: string): Promise<User> {
    return this.dataSource.manager.findOneByOrFail(User, { id });
  }

  /** @throws Underage */
  async update(id: string, changes: UpdateMeRequest): Promise<User> {
    if (changes.birthDate !== undefined) this.assertOldEnough(changes.birthDate);
    return this.dataSource.transaction(async (manager) => {
      const user = await manager.findOneOrFail(User, { where: { id }, lock: { mode: 'for_no_key_update' } });
      const { newsletter } = changes;
      if (newsletter !== undefined && newsletter !== user.newsletter) {
        await this.recordConsent(manager, id, 'newsletter', newsletter);
      }
      // A field left out is undefined here, and stays as it is.
      manager.merge(User, user, Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)));
      user.searchText = searchTextOf(user);
      user.updatedAt = this.clock.now();
      return manager.save(user);
    });
  }

  /**
   * Sets a new password and ends every other session.
   * @throws InvalidCredentials for a wrong current password, TooManyAttempts, WeakPassword
   */
  async changePassword(id: string, sessionId: string, address: string, change: ChangePasswordRequest): Promise<void> {
    const user = await this.get(id);
    await this.budget.assertOpen(user.emailKey, address);
    if (!(await this.hasher.verify(user.passwordHash, change.currentPassword))) {
      await this.budget.fail(user.emailKey, address);
      throw new InvalidCredentials();
    }
    await this.policy.assertStrong(change.password, [user.email, user.firstName, user.lastName]);
    const passwordHash = await this.hasher.hash(change.password);
    await this.dataSource.transaction(async (manager) => {
      await manager.update(User, { id }, { passwordHash, updatedAt: this.clock.now() });
      await this.sessions.endOthers(manager, id, sessionId, 'password-changed');
    });
  }

  private assertOldEnough(birthDate: string): void {
    const { minimumAge, timeZone } = this.config;
    if (!hasReachedAge(birthDate, calendarDay(this.clock.now(), timeZone), minimumAge)) throw new Underage(minimumAge);
  }

  private async recordConsent(
    manager: EntityManager,
    userId: string,
    kind: ConsentKind,
    granted: boolean,
  ): Promise<void> {
    const { termsVersion } = this.config;
    await manager.insert(Consent, { userId, kind, version: termsVersion, granted, givenAt: this.clock.now() });
  }
}
