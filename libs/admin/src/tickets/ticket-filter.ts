import { normaliseCode } from '@tiptop/game';
import { isRealSql } from '@tiptop/platform';
import { isPersonSql, type Place, searchWords } from '../search/search-words';
import type { TicketFilterQuery } from './dto/ticket-filter.query';

export type { Place } from '../search/search-words';

const CODE_BEGINNING = /^[0-9A-Z]{1,10}$/;
const CODE_LENGTH = 10;

/** By which of its marks a list of tickets is ordered; each has an index. */
export type TicketOrder = 'code' | 'played' | 'claimed';

/** A place of hand-over tells that there was one, and a player or prize that there was a play. */
export function ticketOrder(filter: TicketFilterQuery): TicketOrder {
  const { status, period, from, to, prizeId, playerId, storeId } = filter;
  if (period === 'claimed' || (period === undefined && storeId !== undefined)) return 'claimed';
  const played = [period, from, to, prizeId, playerId].some((value) => value !== undefined);
  return played || status === 'pending' || status === 'claimed' ? 'played' : 'code';
}

/** SQL of what is asked of a ticket `t`, but for the search. */
export function ticketConditions(filter: TicketFilterQuery, place: Place, timeZone: string): string[] {
  return [...orderedConditions(filter, place, timeZone), ...prizeConditions(filter, place)];
}

/** Of these conditions, those for which the tickets are looked up in their order. */
export function orderedConditions(filter: TicketFilterQuery, place: Place, timeZone: string): string[] {
  const { status, from, to, playerId, storeId } = filter;
  const order = ticketOrder(filter);
  const conditions = [isRealSql('t.contest_id')];
  // So the partial indexes are known to hold all that is asked for.
  if (order === 'played') conditions.push('t.player_id IS NOT NULL');
  if (order === 'claimed') conditions.push('t.claimed_at IS NOT NULL');
  if (status === 'unclaimed') conditions.push('t.player_id IS NULL');
  else if (status !== undefined) conditions.push(`t.status = ${place(status)}`);
  const at = order === 'claimed' ? 't.claimed_at' : 't.played_at';
  if (from !== undefined) conditions.push(`${at} >= ${instant(from, place, timeZone)}`);
  if (to !== undefined) conditions.push(`${at} < ${instant(to, place, timeZone, 1)}`);
  if (playerId !== undefined) conditions.push(`t.player_id = ${place(playerId)}::uuid`);
  if (storeId !== undefined) conditions.push(`t.store_id = ${place(storeId)}::uuid`);
  return conditions;
}

/** None or one. */
export function prizeConditions({ prizeId }: TicketFilterQuery, place: Place): string[] {
  return prizeId === undefined ? [] : [`t.prize_id = ${place(prizeId)}::uuid`];
}

/**
 * SQL of what a search may mean for a ticket `t`: any one of these. None at all where it can't be met, undefined where
 * nothing is searched for.
 */
export function searchConditions(filter: TicketFilterQuery, place: Place): string[] | undefined {
  const words = searchWords(filter.search);
  if (words.length === 0) return undefined;
  const meanings = codeConditions(filter, place);
  if (filter.status !== 'unclaimed') {
    meanings.push(`t.player_id IN (SELECT u.id FROM users u WHERE ${isPersonSql(words, place)})`);
  }
  return meanings;
}

/** Whether a search may mean a code or its beginning: none or one. */
export function codeConditions({ search = '' }: TicketFilterQuery, place: Place): string[] {
  const code = normaliseCode(search.trim());
  // Z is the last character of any code.
  return CODE_BEGINNING.test(code) ? [`t.code BETWEEN ${place(code)} AND ${place(code.padEnd(CODE_LENGTH, 'Z'))}`] : [];
}

/** @param days added to what is only a day */
function instant(text: string, place: Place, timeZone: string, days = 0): string {
  if (text.length > 10) return `${place(text)}::timestamptz`;
  return `((${place(text)}::date + ${days})::timestamp AT TIME ZONE ${place(timeZone)})`;
}
