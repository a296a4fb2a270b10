import { Injectable } from '@nestjs/common';
import { type ShownUser, toUserResponse } from '@tiptop/auth';
import { DataSource } from 'typeorm';
import { searchWords } from '../search/search-words';
import type { AdminUserResponse, UserListResponse } from './dto/user-list.response';
import type { UsersQuery } from './dto/users.query';
import { decodeUserCursor, encodeUserCursor } from './user-cursor';
import { type Place, userConditions, userOrder } from './user-order';
import { UserSearch } from './user-search';

/** Further than this nobody counts. */
const COUNTED = 1000;

/** An account as a row; what of it is shown, and what it takes to tell whether it is waiting for its first password. */
export type UserRow = ShownUser & { lastActiveAt: Date; hasPassword: boolean };

export const USER_COLUMNS = `
  u.id, u.email, u.first_name AS "firstName", u.last_name AS "lastName", u.birth_date::text AS "birthDate", u.gender,
  u.role, u.is_active AS "isActive", u.email_verified_at AS "emailVerifiedAt", u.newsletter, u.language,
  u.created_at AS "createdAt", u.last_active_at AS "lastActiveAt", u.password_hash IS NOT NULL AS "hasPassword"`;

/** The accounts that there are. */
@Injectable()
export class UserList {
  constructor(
    private readonly dataSource: DataSource,
    private readonly search: UserSearch,
  ) {}

  async list(query: UsersQuery): Promise<UserListResponse> {
    return searchWords(query.search).length === 0 ? this.all(query) : this.found(query);
  }

  private async all(query: UsersQuery): Promise<UserListResponse> {
    const { sort, limit, cursor } = query;
    const values: unknown[] = [];
    const place: Place = (value) => `$${values.push(value)}`;
    const { key, direction, comparison, keyType } = userOrder(sort);
    const conditions = userConditions(query, place);
    if (cursor !== undefined) {
      const after = decodeUserCursor(sort, cursor);
      conditions.push(`(${key}, u.id) ${comparison} (${place(after.key)}::${keyType}, ${place(after.id)}::uuid)`);
    }
    const rows = await this.dataSource.query<(UserRow & { key: string | Date })[]>(
      `SELECT ${USER_COLUMNS}, ${key} AS key FROM users u WHERE ${conditions.join(' AND ')}
       ORDER BY ${key} ${direction}, u.id ${direction} LIMIT ${place(limit + 1)}`,
      values,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const total = cursor === undefined ? await this.count(query) : undefined;
    return {
      items: shown.map(toAdminUser),
      nextCursor: rows.length > limit && last ? encodeUserCursor(sort, last) : null,
      ...(total === undefined ? {} : { total }),
    };
  }

  private async found(query: UsersQuery): Promise<UserListResponse> {
    const { sort, limit, cursor } = query;
    const { positions, total } = await this.search.find(query, limit + 1);
    const shown = positions.slice(0, limit);
    const last = shown.at(-1);
    const values: unknown[] = [shown.map(({ id }) => id)];
    // Who has changed since they were found, and is no longer meant, is left out.
    const conditions = userConditions(query, (value) => `$${values.push(value)}`);
    const rows = await this.dataSource.query<UserRow[]>(
      `SELECT ${USER_COLUMNS} FROM unnest($1::uuid[]) WITH ORDINALITY page (id, n) JOIN users u ON u.id = page.id
       WHERE ${conditions.join(' AND ')} ORDER BY n`,
      values,
    );
    return {
      items: rows.map(toAdminUser),
      nextCursor: positions.length > limit && last ? encodeUserCursor(sort, last) : null,
      ...(total === undefined || cursor !== undefined ? {} : { total }),
    };
  }

  /** @returns undefined for more than are counted in passing */
  private async count(query: UsersQuery): Promise<number | undefined> {
    const values: unknown[] = [];
    const conditions = userConditions(query, (value) => `$${values.push(value)}`);
    const [row] = await this.dataSource.query<{ count: number }[]>(
      `SELECT count(*)::int AS count
       FROM (SELECT FROM users u WHERE ${conditions.join(' AND ')} LIMIT ${COUNTED + 1}) counted`,
      values,
    );
    return row && row.count <= COUNTED ? row.count : undefined;
  }
}

/** An account as administrators see it. */
export function toAdminUser(user: UserRow): AdminUserResponse {
  return Object.assign(toUserResponse(user), {
    lastActiveAt: user.lastActiveAt.toISOString(),
    invitationPending: isInvitationPending(user),
  });
}

/** Whether somebody waits for the first password; staff who come by a provider have shown their address. */
export function isInvitationPending({
  role,
  isActive,
  hasPassword,
  emailVerifiedAt,
}: Pick<UserRow, 'role' | 'isActive' | 'hasPassword' | 'emailVerifiedAt'>): boolean {
  return role !== 'customer' && isActive && !hasPassword && emailVerifiedAt === null;
}
