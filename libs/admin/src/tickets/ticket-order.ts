import { isAnyCode } from '@tiptop/game';
import { decodeCursor, type KeysetPosition, ValidationFailed } from '@tiptop/platform';
import type { Place } from '../search/search-words';
import type { TicketFilterQuery } from './dto/ticket-filter.query';
import type { TicketsQuery } from './dto/tickets.query';
import { type TicketOrder, ticketOrder } from './ticket-filter';

/** The place in time of what is ordered by its code. */
const NO_TIME = new Date(0);
const COLUMN_OF: Readonly<Record<TicketOrder, string>> = {
  code: 'NULL::timestamptz',
  played: 't.played_at',
  claimed: 't.claimed_at',
};

/** Where a ticket stands in a list: the time it is ordered by, if any, and its code. */
export interface TicketPosition {
  code: string;
  at: Date | null;
}

export function toKeyset({ code, at }: TicketPosition): KeysetPosition {
  return { at: at ?? NO_TIME, id: code };
}

/** SQL of the time by which tickets `t` are ordered, as a column. */
export function timeColumn(filter: TicketFilterQuery): string {
  return `${COLUMN_OF[ticketOrder(filter)]} AS at`;
}

/** The columns by which rows of a code and a time are ordered. @param of what they belong to, with a dot */
export function orderColumns(filter: TicketFilterQuery, of = ''): string {
  return ticketOrder(filter) === 'code' ? `${of}code` : `${of}at DESC, ${of}code DESC`;
}

/**
 * SQL of coming after the cursor: none or one.
 * @throws ValidationFailed for a cursor that no list in this order gave out
 */
export function afterConditions(query: TicketsQuery, place: Place): string[] {
  if (query.cursor === undefined) return [];
  const order = ticketOrder(query);
  const { at, id } = decodeCursor(query.cursor);
  if (!isAnyCode(id) || (at.getTime() === NO_TIME.getTime()) !== (order === 'code')) {
    throw new ValidationFailed([{ path: 'cursor', message: 'cursor' }]);
  }
  if (order === 'code') return [`t.code > ${place(id)}`];
  return [`(${COLUMN_OF[order]}, t.code) < (${place(at.toISOString())}::timestamptz, ${place(id)})`];
}

/** SQL of the one contest that can have what is asked for, if it is said or told by the prize, which belongs to one. */
export function contestSql({ contestId, prizeId }: TicketFilterQuery, place: Place): string | undefined {
  const conditions: string[] = [];
  if (contestId !== undefined) conditions.push(`c.id = ${place(contestId)}::uuid`);
  if (prizeId !== undefined) {
    conditions.push(`c.id = (SELECT contest_id FROM prizes WHERE id = ${place(prizeId)}::uuid)`);
  }
  return conditions.length === 0 ? undefined : `(SELECT c.id FROM contests c WHERE ${conditions.join(' AND ')})`;
}

/**
 * SQL of the first tickets of a list, in its order. Of many contests, each contest's own by an index that begins with the
 * contest, and of those the first.
 * @param columns of a ticket `t`, among them its code and the time
 * @param conditions that have an index in this order
 * @param rows how many at most
 */
export function firstTickets(
  filter: TicketFilterQuery,
  columns: string,
  conditions: readonly string[],
  rows: number,
  place: Place,
): string {
  const end = `ORDER BY ${orderColumns(filter)} LIMIT ${rows}`;
  const tickets = (more: readonly string[]): string => {
    const all = [...conditions, ...more];
    return `SELECT ${columns} FROM tickets t ${all.length === 0 ? '' : `WHERE ${all.join(' AND ')}`} ${end}`;
  };
  const contest = contestSql(filter, place);
  if (contest !== undefined) return tickets([`t.contest_id = ${contest}`]);
  if (ticketOrder(filter) === 'code' && filter.status !== 'unclaimed') return tickets([]);
  return `
    SELECT found.* FROM contests c CROSS JOIN LATERAL (${tickets(['t.contest_id = c.id'])}) found ${end}`;
}
