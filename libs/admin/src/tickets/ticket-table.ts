import { Inject, Injectable } from '@nestjs/common';
import type { TicketStatus } from '@tiptop/game';
import { AppConfig, PG_POOL, toPage } from '@tiptop/platform';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { type Place, searchWords } from '../search/search-words';
import type { TicketItemResponse, TicketListResponse } from './dto/ticket-list.response';
import type { TicketsQuery } from './dto/tickets.query';
import { ticketConditions, ticketOrder } from './ticket-filter';
import { afterConditions, firstTickets, orderColumns, type TicketPosition, timeColumn, toKeyset } from './ticket-order';
import { TicketSearch } from './ticket-search';

interface Row extends Omit<TicketItemResponse, 'playedAt' | 'claimedAt'> {
  status: TicketStatus;
  playedAt: Date | null;
  claimedAt: Date | null;
}

const SHOWN = `
  SELECT t.code, t.status, t.played_at AS "playedAt", t.claimed_at AS "claimedAt",
    CASE WHEN p.id IS NOT NULL THEN json_build_object('id', p.id, 'name', p.name) END AS prize,
    CASE WHEN u.id IS NOT NULL THEN json_build_object('id', u.id, 'firstName', u.first_name, 'lastName', u.last_name,
      'email', CASE WHEN u.erased_at IS NULL THEN u.email END) END AS player,
    CASE WHEN e.id IS NOT NULL THEN json_build_object('id', e.id, 'firstName', e.first_name,
      'lastName', e.last_name) END AS "claimedBy",
    CASE WHEN s.id IS NOT NULL THEN json_build_object('id', s.id, 'name', s.name, 'city', s.city) END AS store`;
/** Of the codes of a `page`. */
const DETAILS = `
  JOIN tickets t ON t.code = page.code
    LEFT JOIN users u ON u.id = t.player_id LEFT JOIN prizes p ON p.id = t.prize_id
    LEFT JOIN users e ON e.id = t.claimed_by LEFT JOIN stores s ON s.id = t.store_id`;

/** The administrators' table of tickets. */
@Injectable()
export class TicketTable {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(PG_POOL) private readonly pool: Pool,
    private readonly search: TicketSearch,
    private readonly config: AppConfig,
  ) {}

  /**
   * One page. Codes never change, and neither does the time of a play: rows that nobody touches keep their place while
   * the table is leafed through.
   */
  async list(query: TicketsQuery): Promise<TicketListResponse> {
    return searchWords(query.search).length === 0 ? this.all(query) : this.found(query);
  }

  private async all(query: TicketsQuery): Promise<TicketListResponse> {
    const values: string[] = [];
    const place: Place = (value) => `$${values.push(value)}`;
    const conditions = [...ticketConditions(query, place, this.config.timeZone), ...afterConditions(query, place)];
    const columns = `t.code, ${timeColumn(query)}`;
    const tickets = firstTickets(query, columns, conditions, query.limit + 1, place);
    const rows = await this.dataSource.query<(Row & TicketPosition)[]>(
      `${SHOWN}, page.at FROM (${tickets}) page ${DETAILS} ORDER BY ${orderColumns(query, 'page.')}`,
      values,
    );
    return toPage(rows, query.limit, toKeyset, toItem);
  }

  private async found(query: TicketsQuery): Promise<TicketListResponse> {
    const { limit } = query;
    const positions = await this.search.find(query, limit + 1);
    const { rows } = await this.pool.query<Row>({
      name: 'found-tickets',
      text: `${SHOWN} FROM unnest($1::text[]) WITH ORDINALITY page (code, n) ${DETAILS} ORDER BY n`,
      values: [positions.slice(0, limit).map(({ code }) => code)],
    });
    // What has changed since it was found, and is no longer meant, is left out.
    const isClaimed = ticketOrder(query) === 'claimed';
    const items = rows
      .filter(({ status }) => status === (query.status ?? status) && (status === 'claimed' || !isClaimed))
      .map(toItem);
    const { nextCursor } = toPage(positions, limit, toKeyset, ({ code }) => code);
    return { items, nextCursor };
  }
}

function toItem(row: Row): TicketItemResponse {
  const { code, status, prize, player, playedAt, claimedAt, claimedBy, store } = row;
  return {
    code,
    status,
    prize,
    player,
    playedAt: playedAt?.toISOString() ?? null,
    claimedAt: claimedAt?.toISOString() ?? null,
    claimedBy,
    store,
  };
}
