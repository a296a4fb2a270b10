import { Injectable } from '@nestjs/common';
import { Clock, decodeCursor, type PageQuery, toPage } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import type { Contest } from '../contests/contest.entity';
import { toPrizeResponse } from '../contests/dto/prize.response';
import type { Prize } from '../contests/prize.entity';
import { isExpired, type TicketStatus } from '../domain/ticket-status';
import type { MyTicketsResponse } from './dto/my-ticket.response';

interface Row
  extends Pick<Contest, 'claimEndsAt'>, Pick<Prize, 'id' | 'name' | 'description' | 'valueCents' | 'currency'> {
  code: string;
  status: TicketStatus;
  playedAt: Date;
  claimedAt: Date | null;
}

@Injectable()
export class MyTicketsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** The newest play first. */
  async list(playerId: string, { limit, cursor }: PageQuery): Promise<MyTicketsResponse> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await this.dataSource.query<Row[]>(
      `SELECT t.code, t.status, t.played_at AS "playedAt", t.claimed_at AS "claimedAt", c.claim_ends_at AS "claimEndsAt",
         p.id, p.name, p.description, p.value_cents AS "valueCents", p.currency
       FROM tickets t JOIN contests c ON c.id = t.contest_id JOIN prizes p ON p.id = t.prize_id
       WHERE t.player_id = $1 AND ($2::timestamptz IS NULL OR (t.played_at, t.code) < ($2, $3::text))
       ORDER BY t.played_at DESC, t.code DESC LIMIT $4`,
      [playerId, after?.at ?? null, after?.id ?? null, limit + 1],
    );
    const now = this.clock.now();
    return toPage(
      rows,
      limit,
      (row) => ({ at: row.playedAt, id: row.code }),
      (row) => ({
        code: row.code,
        status: row.status,
        playedAt: row.playedAt.toISOString(),
        claimEndsAt: row.claimEndsAt.toISOString(),
        expired: isExpired(row, now),
        claimedAt: row.claimedAt?.toISOString() ?? null,
        prize: toPrizeResponse(row),
      }),
    );
  }
}
