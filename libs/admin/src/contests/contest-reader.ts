import { Injectable } from '@nestjs/common';
import { Contest, ContestCounts, ContestNotFound, type CountsOfContest, Deck } from '@tiptop/game';
import {
  Clock,
  decodeCursor,
  isRealSql,
  type KeysetPosition,
  type PageQuery,
  toPage,
  ValidationFailed,
} from '@tiptop/platform';
import { isUUID } from 'class-validator';
import { DataSource } from 'typeorm';
import type { AdminContestListResponse, AdminContestResponse, ContestPhase } from './dto/admin-contest.response';

/** What administrators see of contests; that of smoke journeys is none to them. */
@Injectable()
export class AdminContestReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly counts: ContestCounts,
    private readonly clock: Clock,
  ) {}

  /** The newest first. */
  async list({ limit, cursor }: PageQuery): Promise<AdminContestListResponse> {
    const after = cursor === undefined ? undefined : positionOf(cursor);
    const rows = await this.dataSource.query<{ id: string; createdAt: Date }[]>(
      `SELECT id, created_at AS "createdAt" FROM contests
       WHERE ${isRealSql('id')} AND ($1::timestamptz IS NULL OR (created_at, id) < ($1, $2::uuid))
       ORDER BY created_at DESC, id DESC LIMIT $3`,
      [after?.at ?? null, after?.id ?? null, limit + 1],
    );
    const { items: ids, nextCursor } = toPage(
      rows,
      limit,
      ({ id, createdAt }) => ({ at: createdAt, id }),
      ({ id }) => id,
    );
    const items: AdminContestResponse[] = [];
    // One after the other: a list of contests is short, and its reader must not take the connections of those who play.
    for (const id of ids) items.push(await this.get(id));
    return { items, nextCursor };
  }

  /** @throws ContestNotFound, for a text that is no id at all as well */
  async get(id: string): Promise<AdminContestResponse> {
    const { manager } = this.dataSource;
    const contest = isUUID(id) ? await manager.findOne(Contest, { where: { id }, relations: { prizes: true } }) : null;
    if (!contest) throw new ContestNotFound();
    const deck = await manager.findOneBy(Deck, { contestId: id });
    return toResponse(contest, deck, await this.counts.of(id), this.clock.now());
  }
}

function toResponse(contest: Contest, deck: Deck | null, counts: CountsOfContest, now: Date): AdminContestResponse {
  const { id, slug, name, startsAt, endsAt, claimEndsAt, checkedCodes, createdAt } = contest;
  const prizes = [...(contest.prizes ?? [])].sort((a, b) => a.ordinal - b.ordinal);
  const weights = prizes.reduce((sum, { weight }) => sum + weight, 0);
  const pending = counts.played - counts.claimed;
  const phase = phaseOf(contest, now);
  return {
    id,
    slug,
    name,
    phase,
    startsAt: startsAt.toISOString(),
    endsAt: endsAt.toISOString(),
    claimEndsAt: claimEndsAt.toISOString(),
    checkedCodes,
    prizes: prizes.map((prize) => ({
      id: prize.id,
      name: prize.name,
      description: prize.description,
      valueCents: prize.valueCents,
      currency: prize.currency,
      weight: prize.weight,
      share: prize.weight / weights,
    })),
    tickets: {
      total: counts.printed,
      unclaimed: counts.printed - counts.played,
      pending,
      claimed: counts.claimed,
      expired: phase === 'over' ? pending : 0,
    },
    deck: deck && {
      size: deck.size,
      commitment: deck.commitment,
      algorithm: deck.algorithm,
      sealedAt: deck.sealedAt.toISOString(),
    },
    createdAt: createdAt.toISOString(),
  };
}

function phaseOf({ startsAt, endsAt, claimEndsAt }: Contest, now: Date): ContestPhase {
  if (now < startsAt) return 'planned';
  if (now < endsAt) return 'open';
  return now < claimEndsAt ? 'claiming' : 'over';
}

function positionOf(cursor: string): KeysetPosition {
  const position = decodeCursor(cursor);
  // One that another list gave out.
  if (!isUUID(position.id)) throw new ValidationFailed([{ path: 'cursor', message: 'cursor' }]);
  return position;
}
