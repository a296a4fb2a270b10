import { Injectable } from '@nestjs/common';
import { ANONYMOUS, AuditLog, Clock, isUniqueViolation, MailOutbox } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { AccountArchived } from '../access/access.errors';
import { RefusalRecorder } from '../access/refusal-recorder';
import { IDENTITY_LINKED_MAIL } from '../mails/mail-names';
import { SessionsService } from '../sessions/sessions.service';
import { Admission, type SignedIn } from '../sign-in/admission';
import type { Origin } from '../sign-in/origin';
import { RegistrationBudget } from '../sign-in/registration-budget';
import { emailKey } from '../users/email-key';
import { EmailTaken } from '../users/user.errors';
import { User } from '../users/user.entity';
import { UsersService } from '../users/users.service';
import { type Completion, newPersonOf } from './completion';
import { Identity } from './identity.entity';
import type { Provider } from './provider';
import type { ProviderProfile } from './provider-profile';

/** How often it is looked again at who somebody is, where another request changed the answer meanwhile. */
const ROUNDS = 3;

/** Whom a profile belongs to: to an account it is linked with, to one it may be linked with, or to none so far. */
type Standing = { user: User; linked: boolean } | undefined;

/** Another request was faster; who looks again sees what it did. To whom that happens forever, the address is taken. */
class Overtaken extends EmailTaken {}

/** Done in the transaction that opens the session, which does not open where it throws. */
type Alongside = (manager: EntityManager) => Promise<unknown>;

/** Finds or makes the account of somebody whom a provider has vouched for, and lets them in. */
@Injectable()
export class SocialSignInService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly admission: Admission,
    private readonly registrations: RegistrationBudget,
    private readonly audit: AuditLog,
    private readonly refusals: RefusalRecorder,
    private readonly outbox: MailOutbox,
  ) {}

  /**
   * The account that a sign-in would open, without opening it.
   * @param typedEmail the address that the person gave because the provider tells none
   * @returns undefined for somebody new
   * @throws AccountArchived, and EmailTaken where an account has this address and linking lacks a proof: the provider
   * must vouch for the address, and the account's owner must have shown that it is theirs
   */
  async standing(provider: Provider, profile: ProviderProfile, typedEmail?: string): Promise<Standing> {
    const { manager } = this.dataSource;
    const { subject } = profile;
    const identity = await manager.findOne(Identity, { where: { provider, subject }, relations: { user: true } });
    const email = profile.email ?? typedEmail;
    const owner = identity || email === undefined ? null : await manager.findOneBy(User, { emailKey: emailKey(email) });
    const user = identity?.user ?? owner;
    if (!user) return undefined;
    if (!identity && !mayLink(profile, user)) throw await this.refused(user, provider, new EmailTaken());
    if (!user.isActive) throw await this.refused(user, provider, new AccountArchived());
    return { user, linked: Boolean(identity) };
  }

  /**
   * @param completion what a provider does not tell, for a first sign-in; passed over for a later one
   * @throws AccountArchived, EmailTaken, ProfileIncomplete, TermsNotAccepted, Underage, TooManyAttempts,
   * SecondFactorRequired, InvalidSecondFactor, and what alongside throws
   */
  async signIn(
    provider: Provider,
    profile: ProviderProfile,
    completion: Completion,
    origin: Origin,
    alongside: Alongside = () => Promise.resolve(),
  ): Promise<SignedIn> {
    for (let round = 1; ; round++) {
      try {
        return await this.tryOnce(provider, profile, completion, origin, alongside);
      } catch (error) {
        const overtaken = error instanceof Overtaken || isUniqueViolation(error, 'identities_pkey');
        if (!overtaken) throw error;
        if (round === ROUNDS) throw new EmailTaken();
      }
    }
  }

  /** Writes a refusal down. @returns it */
  private async refused<T extends EmailTaken | AccountArchived>(
    { id }: User,
    method: Provider,
    refusal: T,
  ): Promise<T> {
    const details = { method, reason: refusal.code };
    const subject = { type: 'user', id };
    await this.refusals.record(id, { action: 'sign-in-refused', actor: ANONYMOUS, subject, details });
    return refusal;
  }

  private async tryOnce(
    provider: Provider,
    profile: ProviderProfile,
    completion: Completion,
    origin: Origin,
    alongside: Alongside,
  ): Promise<SignedIn> {
    const typedEmail = profile.email === null ? completion.email : undefined;
    // The answer tells whether somebody has an account, to whoever types their address.
    if (typedEmail !== undefined) await this.registrations.spend(origin.address);
    const standing = await this.standing(provider, profile, typedEmail);
    if (!standing) return this.register(provider, profile, completion, origin, alongside);
    const { user, linked } = standing;
    const recognise = async (manager: EntityManager): Promise<void> => {
      await alongside(manager);
      if (linked) await this.touch(manager, provider, profile);
      else await this.link(manager, provider, profile, user.id);
    };
    return this.admission.admit(user, origin, completion.secondFactor, recognise, provider);
  }

  private async register(
    provider: Provider,
    profile: ProviderProfile,
    completion: Completion,
    origin: Origin,
    alongside: Alongside,
  ): Promise<SignedIn> {
    const person = newPersonOf(profile, completion, origin.language);
    if (profile.email !== null) await this.registrations.spend(origin.address);
    try {
      return await this.users.create(person, async (manager, user) => {
        await alongside(manager);
        await this.insert(manager, provider, profile, user.id);
        const subject = { type: 'user', id: user.id };
        const details = { method: provider };
        await this.audit.record(manager, { action: 'account-registered', actor: user, subject, details });
        return { user, pair: await this.sessions.open(manager, user, origin) };
      });
    } catch (error) {
      throw error instanceof EmailTaken ? new Overtaken() : error;
    }
  }

  private async touch(manager: EntityManager, provider: Provider, { subject }: ProviderProfile): Promise<void> {
    const { affected } = await manager.update(Identity, { provider, subject }, { lastUsedAt: this.clock.now() });
    if (affected !== 1) throw new Overtaken();
  }

  private async link(
    manager: EntityManager,
    provider: Provider,
    profile: ProviderProfile,
    userId: string,
  ): Promise<void> {
    // As it stands now, and until the end of the transaction.
    const user = await manager.findOne(User, { where: { id: userId }, lock: { mode: 'for_no_key_update' } });
    if (!user?.isActive || !mayLink(profile, user)) throw new Overtaken();
    await this.insert(manager, provider, profile, userId);
    const details = { provider };
    const subject = { type: 'user', id: userId };
    await this.audit.record(manager, { action: 'identity-linked', actor: user, subject, details });
    // Whoever made the account may be somebody else, whom its address' owner confirmed without a thought: they are out of
    // it until they sign in again, and the owner is told how to keep them out.
    await this.sessions.endAll(manager, userId, 'identity-linked');
    const at = this.clock.now().toISOString();
    await this.outbox.post(manager, { kind: IDENTITY_LINKED_MAIL, userId, data: { at } });
  }

  private async insert(
    manager: EntityManager,
    provider: Provider,
    { subject }: ProviderProfile,
    userId: string,
  ): Promise<void> {
    const now = this.clock.now();
    await manager.insert(Identity, { provider, subject, userId, linkedAt: now, lastUsedAt: now });
  }
}

/** Whether both sides have shown that the address is theirs. */
function mayLink({ email, emailVerified }: ProviderProfile, user: User): boolean {
  return email !== null && emailVerified && user.emailVerifiedAt !== null && user.emailKey === emailKey(email);
}
