import { Injectable } from '@nestjs/common';
import {
  AppConfig,
  calendarDay,
  Clock,
  hasReachedAge,
  isUniqueViolation,
  type Language,
  MailOutbox,
  AuditLog,
} from '@tiptop/platform';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { Unauthenticated } from '../access/access.errors';
import type { Role } from '../access/roles';
import { MailTokens } from '../mail-tokens/mail-tokens';
import { INVITATION_MAIL, PASSWORD_CHANGED_MAIL, VERIFY_EMAIL_MAIL } from '../mails/mail-names';
import { PasswordHasher } from '../passwords/password-hasher';
import { PasswordPolicy } from '../passwords/password-policy';
import { PasswordProof } from '../passwords/password-proof';
import { SessionsService } from '../sessions/sessions.service';
import { RegistrationBudget } from '../sign-in/registration-budget';
import { Consent, type ConsentKind } from './consent.entity';
import type { ChangePasswordRequest } from './dto/change-password.request';
import type { UpdateMeRequest } from './dto/update-me.request';
import { emailKey } from './email-key';
import { searchTextOf } from './search-text';
import { EmailTaken, Underage } from './user.errors';
import { type Gender, User } from './user.entity';

export interface NewUser {
  email: string;
  /** Null for an account that is only reached through a provider. */
  password: string | null;
  firstName: string;
  lastName: string;
  /** `YYYY-MM-DD`. */
  birthDate: string;
  gender?: Gender | null | undefined;
  newsletter?: boolean | undefined;
  /** Of letters to them; French unless told otherwise. */
  language?: Language | undefined;
  role: Role;
  /** Whether the person accepted the terms now; staff accounts made by an operator have not. */
  acceptsTerms: boolean;
  /** Whether the address is known to be theirs. */
  emailVerified: boolean;
  /** Whether the letter that shows it also asks them to choose their first password. */
  invited?: boolean | undefined;
}

/** Stands for a birth date that nobody stated: old enough for any minimum age, and never taken for a real one. */
export const UNSTATED_BIRTH_DATE = '1900-01-01';

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
    private readonly proof: PasswordProof,
    private readonly outbox: MailOutbox,
    private readonly tokens: MailTokens,
    private readonly audit: AuditLog,
    private readonly newPasswords: RegistrationBudget,
  ) {}

  /**
   * Makes an account, and in the same transaction whatever else shall stand or fall with it.
   * @throws Underage, WeakPassword, EmailTaken
   */
  async create<T>(person: NewUser, alongside: (manager: EntityManager, user: User) => Promise<T>): Promise<T> {
    this.assertOldEnough(person.birthDate);
    // Hashing takes tens of milliseconds; no connection is held meanwhile.
    const passwordHash = await this.hashNew(person.password, person);
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
        language: person.language ?? 'fr',
        lastActiveAt: now,
        erasedAt: null,
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
      const kind = person.invited ? INVITATION_MAIL : VERIFY_EMAIL_MAIL;
      if (!user.emailVerifiedAt) await this.outbox.post(manager, { kind, userId: user.id });
      return alongside(manager, user);
    });
  }

  /** @throws WeakPassword */
  private async hashNew(
    password: string | null,
    person: Pick<User, 'email' | 'firstName' | 'lastName'>,
  ): Promise<string | null> {
    if (password === null) return null;
    await this.policy.assertStrong(password, [person.email, person.firstName, person.lastName]);
    return this.hasher.hash(password);
  }

  async get(id: string): Promise<User> {
    return this.dataSource.manager.findOneByOrFail(User, { id });
  }

  /** @throws Underage */
  async update(id: string, changes: UpdateMeRequest): Promise<User> {
    if (changes.birthDate !== undefined) this.assertOldEnough(changes.birthDate);
    return this.dataSource.transaction(async (manager) => {
      const user = await manager.findOneOrFail(User, { where: { id }, lock: { mode: 'for_no_key_update' } });
      // Since the guard looked.
      if (user.erasedAt) throw new Unauthenticated();
      const { newsletter } = changes;
      if (newsletter !== undefined && newsletter !== user.newsletter) {
        await this.recordConsent(manager, id, 'newsletter', newsletter);
      }
      // Of the newsletter the consents tell.
      const fields = changedFields(user, changes).filter((field) => field !== 'newsletter');
      // A field left out is undefined here, and stays as it is.
      manager.merge(User, user, Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)));
      user.searchText = searchTextOf(user);
      user.updatedAt = this.clock.now();
      if (fields.length > 0) {
        const subject = { type: 'user', id };
        const actor = { id, role: user.role };
        await this.audit.record(manager, { action: 'profile-updated', actor, subject, details: { fields } });
      }
      return manager.save(user);
    });
  }

  /**
   * Sets a new password, ends every other session, and tells the person by a letter.
   * @throws InvalidCredentials for a wrong current password, TooManyAttempts, WeakPassword
   */
  async changePassword(id: string, sessionId: string, address: string, change: ChangePasswordRequest): Promise<void> {
    const user = await this.get(id);
    const own = { actor: { id, role: user.role }, subject: { type: 'user', id } };
    const refusal = { action: 'account-change-refused', ...own, details: { attempt: 'password-changed' } } as const;
    await this.audit.watch(refusal, ['INVALID_CREDENTIALS'], async () =>
      this.proof.assertKnown(user.emailKey, user.passwordHash, change.currentPassword, address),
    );
    await this.newPasswords.spend(address);
    const passwordHash = await this.hashNew(change.password, user);
    const now = this.clock.now();
    await this.dataSource.transaction(async (manager) => {
      const { affected } = await manager.update(User, { id, erasedAt: IsNull() }, { updatedAt: now });
      if (affected !== 1) throw new Unauthenticated();
      await this.proof.assertUnchanged(manager, user);
      await manager.update(User, { id }, { passwordHash });
      await this.tokens.withdraw(manager, id, 'reset-password');
      await this.sessions.endOthers(manager, id, sessionId, 'password-changed');
      await this.outbox.post(manager, { kind: PASSWORD_CHANGED_MAIL, userId: id, data: { at: now.toISOString() } });
      await this.audit.record(manager, { action: 'password-changed', ...own });
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

/** Names of the fields that a request changes. */
function changedFields(user: User, changes: UpdateMeRequest): string[] {
  return Object.entries(changes)
    .filter(([field, value]) => value !== undefined && value !== user[field as keyof UpdateMeRequest])
    .map(([field]) => field);
}
