import { Injectable } from '@nestjs/common';
import {
  type Account,
  InvitationService,
  LastAdmin,
  searchTextOf,
  SessionsService,
  UNSTATED_BIRTH_DATE,
  User,
  UsersService,
} from '@tiptop/auth';
import { type AuditAction, type AuditDetails, AuditLog, Clock, isRefusedBy, isSmokeId } from '@tiptop/platform';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager } from 'typeorm';
import type { CreateStaffRequest } from './dto/create-staff.request';
import type { UpdateUserRequest } from './dto/update-user.request';
import type { AdminUserResponse } from './dto/user-list.response';
import { NotInvited, UserNotFound } from './user.errors';
import { isInvitationPending, toAdminUser, type UserRow } from './user-list';

interface Deed {
  action: AuditAction;
  details?: AuditDetails;
}

/** What administrators do with the accounts of others, and with their own. */
@Injectable()
export class UserAdministrationService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly invitations: InvitationService,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes the account of a member of staff, and invites them to choose its password.
   * @throws EmailTaken
   */
  async createStaff(admin: Account, request: CreateStaffRequest): Promise<AdminUserResponse> {
    const { email, firstName, lastName, role, language } = request;
    const person = {
      email,
      firstName,
      lastName,
      role,
      language,
      password: null,
      birthDate: UNSTATED_BIRTH_DATE,
      acceptsTerms: false,
      emailVerified: false,
      invited: true,
    };
    const refusal = { action: 'account-change-refused', actor: admin, details: { attempt: 'staff-invited' } } as const;
    return this.audit.watch(refusal, ['EMAIL_TAKEN'], async () =>
      this.users.create(person, async (manager, user) => {
        await this.record(manager, admin, user.id, { action: 'staff-invited', details: { role: user.role } });
        return toAdminUser(rowOf(user));
      }),
    );
  }

  /**
   * Changes role and names, archives and restores; all of it or nothing. Who is archived is signed out everywhere.
   * @param id any text
   * @throws UserNotFound, LastAdmin
   */
  async update(admin: Account, id: string, changes: UpdateUserRequest): Promise<AdminUserResponse> {
    if (!isUUID(id)) throw new UserNotFound();
    try {
      return await this.dataSource.transaction(async (manager) => {
        const user = await this.locked(manager, id);
        const deeds = deedsOf(user, changes);
        if (deeds.length === 0) return toAdminUser(rowOf(user));
        // A field left out is undefined here, and stays as it is.
        const given = Object.entries(changes).filter(([, value]) => value !== undefined);
        manager.merge(User, user, Object.fromEntries(given));
        user.searchText = searchTextOf(user);
        user.updatedAt = this.clock.now();
        await manager.save(user);
        if (!user.isActive) await this.sessions.endAll(manager, id, 'archived');
        for (const deed of deeds) await this.record(manager, admin, id, deed);
        return toAdminUser(rowOf(user));
      });
    } catch (error) {
      if (!isRefusedBy(error, 'users_last_admin')) throw error;
      const refusal = new LastAdmin();
      const deed: Deed = { action: 'account-change-refused', details: { reason: refusal.code } };
      await this.record(this.dataSource.manager, admin, id, deed);
      throw refusal;
    }
  }

  /**
   * Sends the invitation again.
   * @param id any text
   * @throws UserNotFound, NotInvited, TooManyAttempts
   */
  async invite(admin: Account, id: string): Promise<void> {
    if (!isUUID(id)) throw new UserNotFound();
    const refusal = {
      action: 'account-change-refused',
      actor: admin,
      subject: { type: 'user', id },
      details: { attempt: 'invitation-resent' },
    } as const;
    await this.audit.watch(refusal, ['NOT_INVITED', 'TOO_MANY_ATTEMPTS'], async () =>
      this.dataSource.transaction(async (manager) => {
        const user = await this.locked(manager, id);
        if (!isInvitationPending(rowOf(user))) throw new NotInvited();
        await this.invitations.resend(manager, user);
        await this.record(manager, admin, id, { action: 'invitation-resent' });
      }),
    );
  }

  private async locked(manager: EntityManager, id: string): Promise<User> {
    const user = await manager.findOne(User, { where: { id }, lock: { mode: 'for_no_key_update' } });
    if (!user || user.erasedAt || isSmokeId(id)) throw new UserNotFound();
    return user;
  }

  private async record(manager: EntityManager, actor: Account, userId: string, deed: Deed): Promise<void> {
    await this.audit.record(manager, { ...deed, actor, subject: { type: 'user', id: userId } });
  }
}

/** What a change amounts to; nothing where all is as it was. Of names only which ones: they are nobody's to keep. */
function deedsOf(user: User, { role, isActive, firstName, lastName }: UpdateUserRequest): Deed[] {
  const deeds: Deed[] = [];
  if (role !== undefined && role !== user.role) {
    deeds.push({ action: 'role-changed', details: { from: user.role, to: role } });
  }
  if (isActive !== undefined && isActive !== user.isActive) {
    deeds.push({ action: isActive ? 'account-restored' : 'account-archived' });
  }
  const fields = [
    ...(firstName !== undefined && firstName !== user.firstName ? ['firstName'] : []),
    ...(lastName !== undefined && lastName !== user.lastName ? ['lastName'] : []),
  ];
  if (fields.length > 0) deeds.push({ action: 'account-updated', details: { fields } });
  return deeds;
}

function rowOf(user: User): UserRow {
  return Object.assign({ hasPassword: user.passwordHash !== null }, user);
}
