import { Injectable } from '@nestjs/common';
import { type Account, foldForSearch } from '@tiptop/auth';
import { Clock, decodeCursor, isRealSql, isSmokeId, isSmokeSql, toPage } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { toPrizeResponse } from '../contests/dto/prize.response';
import type { Prize } from '../contests/prize.entity';
import { isAnyCode, normaliseCode } from '../domain/ticket-code';
import { isExpired, type TicketStatus } from '../domain/ticket-status';
import { TicketNotFound } from '../plays/play.errors';
import type { ClaimEventKind } from './claim-event.entity';
import type { ClaimItemResponse, ClaimListResponse } from './dto/claim-list.response';
import type { ClaimHistoryResponse, ClaimResponse, PlayerResponse } from './dto/claim.response';
import type { ClaimTicketResponse, StaffResponse } from './dto/claim-ticket.response';
import type { ClaimsQuery } from './dto/claims.query';

const MAX_SEARCH_WORDS = 5;

/** A ticket and all that hangs on it, as one row. */
export interface ClaimRow {
  code: string;
  contestId: string;
  status: TicketStatus;
  playerId: string | null;
  playedAt: Date | null;
  claimedAt: Date | null;
  claimEndsAt: Date;
  storeId: string | null;
  player: PlayerResponse | null;
  prize: Pick<Prize, 'id' | 'name' | 'description' | 'valueCents' | 'currency'> | null;
  claimedBy: StaffResponse | null;
}

interface ListRow {
  code: string;
  status: TicketStatus;
  playedAt: Date;
  claimEndsAt: Date;
  prizeId: string;
  prizeName: string;
  firstName: string;
  lastName: string;
}

interface EventRow {
  kind: ClaimEventKind;
  at: Date;
  actor: StaffResponse;
  reason: string | null;
  note: string | null;
  storeId: string | null;
}

const ONE_TICKET = `
  SELECT t.code, t.contest_id AS "contestId", t.status, t.player_id AS "playerId", t.played_at AS "playedAt",
    t.claimed_at AS "claimedAt", c.claim_ends_at AS "claimEndsAt", t.store_id AS "storeId",
    CASE WHEN u.id IS NOT NULL THEN json_build_object('firstName', u.first_name, 'lastName', u.last_name,
      'birthDate', u.birth_date, 'email', u.email) END AS player,
    CASE WHEN p.id IS NOT NULL THEN json_build_object('id', p.id, 'name', p.name, 'description', p.description,
      'valueCents', p.value_cents, 'currency', p.currency) END AS prize,
    CASE WHEN e.id IS NOT NULL THEN json_build_object('id', e.id, 'firstName', e.first_name,
      'lastName', e.last_name) END AS "claimedBy"
  FROM tickets t JOIN contests c ON c.id = t.contest_id
    LEFT JOIN users u ON u.id = t.player_id LEFT JOIN prizes p ON p.id = t.prize_id
    LEFT JOIN users e ON e.id = t.claimed_by
  WHERE t.code = $1`;

/** What staff see of tickets: those of smoke journeys only in one, and in it no others. */
@Injectable()
export class ClaimReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Played tickets of a status, the oldest play first. */
  async list(staff: Account, { status, search, limit, cursor }: ClaimsQuery): Promise<ClaimListResponse> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const values: unknown[] = [status];
    const place = (value: unknown): string => `$${values.push(value).toString()}`;
    const conditions = ['t.status = $1', (isSmokeId(staff.id) ? isSmokeSql : isRealSql)('t.contest_id')];
    if (after) conditions.push(`(t.played_at, t.code) > (${place(after.at)}::timestamptz, ${place(after.id)})`);
    if (search !== undefined && search.trim() !== '') conditions.push(searchSql(search, place));
    const rows = await this.dataSource.query<ListRow[]>(
      `SELECT t.code, t.status, t.played_at AS "playedAt", c.claim_ends_at AS "claimEndsAt", p.id AS "prizeId",
         p.name AS "prizeName", u.first_name AS "firstName", u.last_name AS "lastName"
       FROM tickets t JOIN users u ON u.id = t.player_id JOIN prizes p ON p.id = t.prize_id
         JOIN contests c ON c.id = t.contest_id
       WHERE ${conditions.join(' AND ')}
       ORDER BY t.played_at, t.code LIMIT ${place(limit + 1)}`,
      values,
    );
    const now = this.clock.now();
    return toPage(
      rows,
      limit,
      (row) => ({ at: row.playedAt, id: row.code }),
      (row) => toItem(row, now),
    );
  }

  /** @throws TicketNotFound, for a text that is no code at all as well */
  async get(staff: Account, typedCode: string): Promise<ClaimResponse> {
    const code = normaliseCode(typedCode);
    const row = isAnyCode(code) ? await this.row(this.dataSource.manager, code) : undefined;
    if (!row || !concerns(staff, row.contestId)) throw new TicketNotFound();
    return {
      ticket: toClaimTicket(row, this.clock.now()),
      prize: row.prize && toPrizeResponse(row.prize),
      player: row.player,
      history: await this.history(row),
    };
  }

  /** Everything about one ticket, as the given transaction sees it. */
  async row(manager: EntityManager, code: string): Promise<ClaimRow | undefined> {
    const [row] = await manager.query<ClaimRow[]>(ONE_TICKET, [code]);
    return row;
  }

  private async history(row: ClaimRow): Promise<ClaimHistoryResponse[]> {
    if (!row.player || !row.playedAt || row.playerId === null) return [];
    const events = await this.dataSource.query<EventRow[]>(
      `SELECT e.kind, e.at, e.reason, e.note, e.store_id AS "storeId",
         json_build_object('id', u.id, 'firstName', u.first_name, 'lastName', u.last_name) AS actor
       FROM claim_events e JOIN users u ON u.id = e.actor_id WHERE e.ticket_code = $1 ORDER BY e.id`,
      [row.code],
    );
    const { firstName, lastName } = row.player;
    const played: ClaimHistoryResponse = {
      kind: 'played',
      at: row.playedAt.toISOString(),
      actor: { id: row.playerId, firstName, lastName },
      reason: null,
      note: null,
      storeId: null,
    };
    return [played, ...events.map((event) => ({ ...event, at: event.at.toISOString() }))];
  }
}

/** Whether a contest's tickets are a member of staff's business. */
export function concerns({ id }: Account, contestId: string): boolean {
  return isSmokeId(id) === isSmokeId(contestId);
}

export function toClaimTicket(row: ClaimRow, now: Date): ClaimTicketResponse {
  return {
    code: row.code,
    status: row.status,
    playedAt: row.playedAt?.toISOString() ?? null,
    claimEndsAt: row.claimEndsAt.toISOString(),
    expired: isExpired(row, now),
    claimedAt: row.claimedAt?.toISOString() ?? null,
    claimedBy: row.claimedBy,
    storeId: row.storeId,
  };
}

function toItem(row: ListRow, now: Date): ClaimItemResponse {
  const { code, status, playedAt, prizeId, prizeName, firstName, lastName } = row;
  return {
    code,
    status,
    playedAt: playedAt.toISOString(),
    expired: isExpired(row, now),
    prize: { id: prizeId, name: prizeName },
    player: { firstName, lastName },
  };
}

/** A whole code, or people whose names or e-mail contain every word. */
function searchSql(search: string, place: (value: unknown) => string): string {
  const words = foldForSearch(search).split(/\s+/).slice(0, MAX_SEARCH_WORDS);
  const people = words.map((word) => `search_text LIKE ${place(`%${word.replace(/[\\%_]/g, '\\$&')}%`)}`).join(' AND ');
  const byPlayer = `t.player_id IN (SELECT id FROM users WHERE ${people})`;
  const code = normaliseCode(search);
  return isAnyCode(code) ? `(t.code = ${place(code)} OR ${byPlayer})` : byPlayer;
}
