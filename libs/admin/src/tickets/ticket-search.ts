import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { isPersonSql, type Place, searchWords } from '../search/search-words';
import { EVERY_COST, MOST_ROWS, peopleOf, sampleSql, type Share } from '../search/share';
import type { TicketsQuery } from './dto/tickets.query';
import { codeConditions, orderedConditions, prizeConditions, ticketConditions, ticketOrder } from './ticket-filter';
import {
  afterConditions,
  contestSql,
  firstTickets,
  orderColumns,
  type TicketPosition,
  timeColumn,
} from './ticket-order';

/**
 * What it costs to look at the next ticket of a list, in people that are looked up with their tickets: where the player of
 * each is asked for, and where it is known who they are.
 */
const ROW_COST = 1.4;
const ROW_COST_OF_KNOWN = 0.14;
/** How many more are provided for than are wanted, since what is sought is nowhere spread evenly. */
const reserved = (wanted: number): number => wanted * 1.2 + 15;
/** Of all codes those that begin with a given character, which are too many to be put in order of time. */
const ONE_CHARACTER = 1 / 36;

/** How those are told whose tickets are meant. */
type Telling = 'one by one' | 'all at once';

/** Null where there are none. */
interface Found {
  codes: string[] | null;
  times: (Date | null)[] | null;
}

/**
 * Finds tickets, by their codes or players, in the order of a list. A search that many meet is met by a few of the
 * list's next tickets, and one that few meet by those few people's; how many do a sample tells.
 */
@Injectable()
export class TicketSearch {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
  ) {}

  /** @param wanted how many at most, after the query's cursor */
  async find(query: TicketsQuery, wanted: number): Promise<TicketPosition[]> {
    const inTime = ticketOrder(query) !== 'code';
    let part = ONE_CHARACTER;
    let people: Telling = 'one by one';
    if (!inTime || (query.search ?? '').trim().length > 1) {
      const { share, ...found } = await this.lookUp(query, wanted, inTime ? ROW_COST_OF_KNOWN : ROW_COST);
      if (share.rare) return positionsOf(found);
      part = share.met / share.looked;
      if (part * peopleOf(share) < wanted * ROW_COST) people = 'all at once';
    }
    // Those of one list, and not of one list for each contest, are looked at until enough are found.
    const isOneList = !inTime || query.contestId !== undefined || query.prizeId !== undefined;
    const rows = isOneList ? MOST_ROWS : Math.min(Math.ceil(reserved(wanted) / part), MOST_ROWS);
    const walk = await this.walk(query, wanted, rows, people);
    return positionsOf(walk.complete ? walk : await this.lookUp(query, wanted, EVERY_COST));
  }

  /**
   * Looks at the next tickets of the list, one after another, until enough are found; complete if they are, or if the list
   * ends before.
   * @param rows how many tickets are looked at, at most
   */
  private async walk(
    query: TicketsQuery,
    wanted: number,
    rows: number,
    people: Telling,
  ): Promise<Found & { complete: boolean }> {
    const values: string[] = [];
    const place: Place = (value) => `$${values.push(value)}`;
    const conditions = [...orderedConditions(query, place, this.config.timeZone), ...afterConditions(query, place)];
    const columns = `t.code, ${timeColumn(query)}, t.player_id, t.prize_id`;
    const tickets = firstTickets(query, columns, conditions, rows, place);
    const person = personSql(query, place);
    // Not a condition by itself, or the planner would put people first.
    const played =
      people === 'one by one'
        ? `(SELECT ${person} FROM users u WHERE u.id = t.player_id)`
        : `(t.player_id IN (SELECT u.id FROM users u WHERE ${person})) IS TRUE`;
    const meant = [`(${[...codeConditions(query, place), played].join(' OR ')})`, ...prizeConditions(query, place)];
    return this.row<Found & { complete: boolean }>(
      `SELECT array_agg(code) AS codes, array_agg(at) AS times,
         CASE WHEN count(*) = ${wanted} THEN true ELSE (SELECT count(*) < ${rows} FROM (${tickets}) all_of_them) END AS complete
       FROM (SELECT t.code, t.at FROM (${tickets}) t WHERE ${meant.join(' AND ')}
             ORDER BY ${orderColumns(query, 't.')} LIMIT ${wanted}) found`,
      values,
    );
  }

  /**
   * Finds the tickets by their codes and, unless they are many, those of all the people who are meant, and sorts them.
   */
  private async lookUp(query: TicketsQuery, wanted: number, rowCost: number): Promise<Found & { share: Share }> {
    const values: string[] = [];
    const place: Place = (value) => `$${values.push(value)}`;
    const conditions = [...ticketConditions(query, place, this.config.timeZone), ...afterConditions(query, place)];
    const contest = contestSql(query, place);
    if (contest !== undefined) conditions.push(`t.contest_id = ${contest}`);
    const end = `ORDER BY ${orderColumns(query)} LIMIT ${wanted}`;
    const tickets = (from: string, more: readonly string[]): string =>
      `SELECT t.code, ${timeColumn(query)} FROM ${from} WHERE ${[...more, ...conditions, 'true'].join(' AND ')} ${end}`;
    const person = personSql(query, place);
    // By the index of players, whatever else is asked for: so OFFSET sees to it.
    const theirs = `
      people CROSS JOIN LATERAL (SELECT t.* FROM tickets t WHERE t.player_id = people.id OFFSET 0) t`;
    const parts = [tickets(theirs, []), ...codeConditions(query, place).map((code) => tickets('tickets t', [code]))];
    return this.row<Found & { share: Share }>(
      `WITH sample AS MATERIALIZED (${sampleSql(person, wanted, rowCost)}),
         people AS MATERIALIZED (SELECT u.id FROM users u WHERE (SELECT rare FROM sample) AND ${person})
       SELECT (SELECT to_json(sample) FROM sample) AS share, array_agg(code) AS codes, array_agg(at) AS times
       FROM (SELECT code, at FROM (${parts.map((part) => `(${part})`).join(' UNION ')}) found ${end}) page`,
      values,
    );
  }

  private async row<T>(sql: string, values: string[]): Promise<T> {
    const [row] = await this.dataSource.query<T[]>(sql, values);
    if (!row) throw new Error('A count has no row');
    return row;
  }
}

/** SQL of whether an account `u` is meant; tickets that nobody has played are nobody's. */
function personSql({ search, status }: TicketsQuery, place: Place): string {
  return status === 'unclaimed' ? 'false' : isPersonSql(searchWords(search), place);
}

function positionsOf({ codes, times }: Found): TicketPosition[] {
  return (codes ?? []).map((code, n) => ({ code, at: times?.[n] ?? null }));
}
