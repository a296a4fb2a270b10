import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { isPersonSql, searchWords } from '../search/search-words';
import { EVERY_COST, MOST_ROWS, peopleOf, sampleSql, type Share } from '../search/share';
import type { UsersQuery } from './dto/users.query';
import { decodeUserCursor, type UserPosition } from './user-cursor';
import { type Place, userConditions, userOrder } from './user-order';

/** What it costs to look at the next row of a list, in accounts that are looked up by the index of names. */
const ROW_COST = 0.35;
/** The same of a list whose neighbours are neighbours on the disk. */
const ROW_COST_BY_REGISTRATION = 0.16;
/** How many rows are looked at to see how many there are in this place of the list. */
const FIRST_ROWS = 2000;

/** What a search found of a list. */
export interface FoundUsers {
  /** In the list's order. */
  positions: UserPosition[];
  /** Of the whole list, where it came to light. */
  total?: number;
}

/** Null where there are none. */
interface Row {
  ids: string[] | null;
  keys: (string | Date)[] | null;
}

/**
 * Finds accounts in the order of a list. A search that many meet is met by a few of the list's next rows, and one that
 * few meet by an index; how many do a sample tells.
 */
@Injectable()
export class UserSearch {
  constructor(private readonly dataSource: DataSource) {}

  /** @param wanted how many at most, after the query's cursor */
  async find(query: UsersQuery, wanted: number): Promise<FoundUsers> {
    const neighbours = userOrder(query.sort).key === 'u.created_at' && query.isActive !== false;
    const rowCost = neighbours ? ROW_COST_BY_REGISTRATION : ROW_COST;
    const { share, ...found } = await this.lookUp(query, wanted, rowCost);
    if (share.rare) return found;
    const first = await this.walk(query, wanted, FIRST_ROWS, afterCursor(query));
    const positions = positionsOf(first);
    let { complete } = first;
    if (!complete && this.isSoonFound(positions.length, wanted, rowCost, share)) {
      const missing = wanted - positions.length;
      const next = await this.walk(query, missing, MOST_ROWS, positions.at(-1) ?? afterCursor(query));
      positions.push(...positionsOf(next));
      ({ complete } = next);
    }
    if (!complete) return this.lookUp(query, wanted, EVERY_COST);
    return positions.length < wanted ? { positions, total: positions.length } : { positions };
  }

  /** Whether a page is found by walking on sooner than by looking everybody up. */
  private isSoonFound(found: number, wanted: number, rowCost: number, share: Share): boolean {
    const rows = found === 0 ? MOST_ROWS : (FIRST_ROWS * wanted) / found;
    return rows * rowCost < peopleOf(share);
  }

  /**
   * Looks at the next rows of the list, one after another, until enough are found; complete if they are, or if the list
   * ends before.
   * @param rows how many are looked at, at most
   */
  private async walk(
    query: UsersQuery,
    wanted: number,
    rows: number,
    after: UserPosition | undefined,
  ): Promise<Row & { complete: boolean }> {
    const { key, direction } = userOrder(query.sort);
    const values: unknown[] = [];
    const place: Place = (value) => `$${values.push(value)}`;
    const conditions = [...userConditions(query, place), ...isAfterSql(query, after, `(${key}, u.id)`, place)];
    const users = `
      SELECT u.id, ${key} AS key, u.search_text FROM users u WHERE ${conditions.join(' AND ')}
      ORDER BY ${key} ${direction}, u.id ${direction} LIMIT ${rows}`;
    return this.row(
      `SELECT array_agg(id) AS ids, array_agg(key) AS keys,
         CASE WHEN count(*) = ${wanted} THEN true ELSE (SELECT count(*) < ${rows} FROM (${users}) next) END AS complete
       FROM (SELECT u.id, u.key FROM (${users}) u WHERE ${isPersonSql(searchWords(query.search), place)}
             ORDER BY u.key ${direction}, u.id ${direction} LIMIT ${wanted}) found`,
      values,
    );
  }

  /** Unless they are many, finds all who are meant by the index of names, and sorts them. */
  private async lookUp(query: UsersQuery, wanted: number, rowCost: number): Promise<FoundUsers & { share: Share }> {
    const { key, direction } = userOrder(query.sort);
    const values: unknown[] = [];
    const place: Place = (value) => `$${values.push(value)}`;
    const person = isPersonSql(searchWords(query.search), place);
    const conditions = ['(SELECT rare FROM sample)', ...userConditions(query, place), person];
    const after = isAfterSql(query, afterCursor(query), '(key, id)', place).map((condition) => `WHERE ${condition}`);
    const { share, total, ...row } = await this.row<Row & { share: Share; total: number }>(
      `WITH sample AS MATERIALIZED (${sampleSql(person, wanted, rowCost)}),
         found AS MATERIALIZED (SELECT u.id, ${key} AS key FROM users u WHERE ${conditions.join(' AND ')})
       SELECT (SELECT to_json(sample) FROM sample) AS share, (SELECT count(*)::int FROM found) AS total,
         array_agg(id) AS ids, array_agg(key) AS keys
       FROM (SELECT id, key FROM found ${after.join('')}
             ORDER BY key ${direction}, id ${direction} LIMIT ${place(wanted)}) page`,
      values,
    );
    return { share, positions: positionsOf(row), total };
  }

  private async row<T>(sql: string, values: unknown[]): Promise<T> {
    const [row] = await this.dataSource.query<T[]>(sql, values);
    if (!row) throw new Error('A count has no row');
    return row;
  }
}

function afterCursor({ sort, cursor }: UsersQuery): UserPosition | undefined {
  return cursor === undefined ? undefined : decodeUserCursor(sort, cursor);
}

/** None or one. */
function isAfterSql({ sort }: UsersQuery, after: UserPosition | undefined, position: string, place: Place): string[] {
  if (!after) return [];
  const { comparison, keyType } = userOrder(sort);
  return [`${position} ${comparison} (${place(after.key)}::${keyType}, ${place(after.id)}::uuid)`];
}

function positionsOf({ ids, keys }: Row): UserPosition[] {
  return (ids ?? []).map((id, n) => ({ id, key: keys?.[n] ?? '' }));
}
