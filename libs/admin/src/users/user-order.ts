import { isRealSql } from '@tiptop/platform';
import type { UserSort, UsersQuery } from './dto/users.query';

/** As its index has it. */
const NAME_KEY = 'user_name_key(u.first_name, u.last_name) COLLATE "C"';

const KEYS: Readonly<Record<UserSort, string>> = {
  createdAt: 'u.created_at',
  '-createdAt': 'u.created_at',
  lastActiveAt: 'u.last_active_at',
  '-lastActiveAt': 'u.last_active_at',
  name: NAME_KEY,
  '-name': NAME_KEY,
};

/** Puts a value into a statement, and says by which name. */
export type Place = (value: unknown) => string;

/** SQL of an order of accounts `u`; those of one key stand in the order of their ids. */
export interface UserOrder {
  key: string;
  direction: 'ASC' | 'DESC';
  /** Of what comes after a place in this order. */
  comparison: '<' | '>';
  keyType: 'text' | 'timestamptz';
}

export function userOrder(sort: UserSort): UserOrder {
  const descending = sort.startsWith('-');
  return {
    key: KEYS[sort],
    direction: descending ? 'DESC' : 'ASC',
    comparison: descending ? '<' : '>',
    keyType: isNameSort(sort) ? 'text' : 'timestamptz',
  };
}

export function isNameSort(sort: UserSort): boolean {
  return sort === 'name' || sort === '-name';
}

/** SQL of what is asked of an account `u`, but for the search; of those that were erased nothing is left to be listed, and those of
 * smoke journeys are nobody. */
export function userConditions({ role, isActive }: Pick<UsersQuery, 'role' | 'isActive'>, place: Place): string[] {
  const conditions = ['u.erased_at IS NULL', isRealSql('u.id')];
  if (role !== undefined) conditions.push(`u.role = ${place(role)}`);
  if (isActive !== undefined) conditions.push(`u.is_active = ${place(isActive)}`);
  return conditions;
}
