import { Inject, Injectable } from '@nestjs/common';
import { type Account, RefusalRecorder } from '@tiptop/auth';
import { AppConfig, Clock, isSmokeId, isUniqueViolation, PG_POOL } from '@tiptop/platform';
import type { Pool } from 'pg';
import { ContestRegistry, isOpen, type LoadedContest } from '../contests/contest-registry';
import type { Prize } from '../contests/prize.entity';
import { isAnyCode, isCheckedCode, normaliseCode } from '../domain/ticket-code';
import { type Attempt, CodeBudget } from './code-budget';
import { LeftoverDealer } from './leftover-dealer';
import {
  ContestNotOpen,
  IdempotencyKeyReused,
  InvalidCodeFormat,
  StaffExcluded,
  TicketAlreadyPlayed,
  TicketNotFound,
} from './play.errors';
import { PLAY_STATEMENT, type PlayParameters, type PlayRow } from './play-statement';

const TRIES = 5;

export interface PlayRequest {
  /** As typed. */
  code: string;
  idempotencyKey: string | undefined;
  /** Where the request comes from. */
  address: string;
}

type WonPrize = Pick<Prize, 'id' | 'name' | 'description' | 'valueCents' | 'currency'>;

export interface PlayedTicket {
  code: string;
  playedAt: Date;
  claimEndsAt: Date;
  prize: WonPrize;
}

interface TicketRow extends WonPrize {
  contestId: string;
  playerId: string | null;
  playKey: string | null;
  playedAt: Date;
  claimEndsAt: Date;
  open: boolean;
  keyElsewhere: boolean;
}

/** Plays tickets: who comes first with a code wins what the deck deals. */
@Injectable()
export class PlaysService {
  constructor(
    @Inject(PG_POOL) private readonly pool: Pool,
    private readonly registry: ContestRegistry,
    private readonly budget: CodeBudget,
    private readonly leftovers: LeftoverDealer,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly refusals: RefusalRecorder,
  ) {}

  /**
   * @throws StaffExcluded, InvalidCodeFormat, ContestNotOpen, TicketNotFound, TicketAlreadyPlayed, TooManyAttempts,
   * IdempotencyKeyReused
   */
  async play(account: Account, { code: typed, idempotencyKey, address }: PlayRequest): Promise<PlayedTicket> {
    if (account.role !== 'customer' && !this.config.staffMayPlay) {
      const refusal = new StaffExcluded();
      const details = { reason: refusal.code };
      await this.refusals.record(account.id, { action: 'play-refused', actor: account, details });
      throw refusal;
    }
    const code = normaliseCode(typed);
    let contest = await (isSmokeId(account.id) ? this.registry.smoke() : this.registry.current());
    const valid = contest?.contest.checkedCodes === false ? isAnyCode(code) : isCheckedCode(code);
    if (!valid) throw new InvalidCodeFormat();
    if (!contest || !isOpen(contest, this.clock.now())) throw new ContestNotOpen();
    const playKey = idempotencyKey ?? null;
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const who: Attempt = { accountId: account.id, address, contestId: contest.contest.id };
      const won = await this.win(contest, code, who, playKey);
      if (won) return won;
      const verdict = await this.explain(code, who, playKey);
      if ('prize' in verdict) return verdict;
      // The ticket is of another contest that is open, or the contest changed since it was read, or the row was let go.
      await this.registry.reload();
      contest = (await this.registry.find(verdict.contestId)) ?? contest;
    }
    throw new Error('A ticket that seems playable could not be played; is the contest’s deck sealed and its key ours?');
  }

  private async win(
    { contest, opened }: LoadedContest,
    code: string,
    who: Attempt,
    playKey: string | null,
  ): Promise<PlayedTicket | undefined> {
    if (!opened) return undefined;
    const now = this.clock.now();
    const { keyFingerprint } = opened.deck;
    const parameters: PlayParameters = [code, contest.id, who.accountId, now, playKey, keyFingerprint, opened.cardKey];
    try {
      const { rows } = await this.pool.query<PlayRow>({
        name: 'play',
        text: PLAY_STATEMENT,
        values: [...parameters, ...this.budget.sqlParameters(who)],
      });
      let row = rows[0];
      if (row?.exhausted) row = await this.leftovers.deal(parameters);
      if (row?.id === null) throw new Error('A card of the deck stands for no prize of its contest');
      return row && { code, playedAt: now, claimEndsAt: row.claimEndsAt, prize: { ...row, id: row.id } };
    } catch (error) {
      // Two plays with one key at the same moment: the loser is told by explain().
      if (isUniqueViolation(error, 'tickets_play_key_key')) return undefined;
      throw error;
    }
  }

  /** Why a ticket was not won: throws the reason, or gives the answer of the same play made before, or says try again. */
  private async explain(
    code: string,
    who: Attempt,
    playKey: string | null,
  ): Promise<PlayedTicket | { contestId: string }> {
    const ticket = await this.find(code, who.accountId, playKey);
    if (ticket?.playerId === who.accountId && playKey !== null && ticket.playKey === playKey) {
      return { code, playedAt: ticket.playedAt, claimEndsAt: ticket.claimEndsAt, prize: ticket };
    }
    await this.budget.assertOpen(who);
    // To a customer the tickets of smoke journeys do not exist, and to a smoke journey no others.
    if (!ticket || isSmokeId(ticket.contestId) !== isSmokeId(who.accountId)) {
      await this.budget.fail(who);
      throw new TicketNotFound();
    }
    if (!ticket.open) throw new ContestNotOpen();
    if (ticket.playerId !== null) throw new TicketAlreadyPlayed();
    if (ticket.keyElsewhere) throw new IdempotencyKeyReused();
    return { contestId: ticket.contestId };
  }

  private async find(code: string, accountId: string, playKey: string | null): Promise<TicketRow | undefined> {
    const { rows } = await this.pool.query<TicketRow>({
      name: 'ticket-standing',
      text: `
        SELECT t.contest_id AS "contestId", t.player_id AS "playerId", t.play_key AS "playKey",
          t.played_at AS "playedAt", c.claim_ends_at AS "claimEndsAt",
          c.starts_at <= $2 AND $2 < c.claim_ends_at AS open,
          EXISTS (SELECT 1 FROM tickets o WHERE o.player_id = $3 AND o.play_key = $4) AS "keyElsewhere",
          p.id, p.name, p.description, p.value_cents AS "valueCents", p.currency
        FROM tickets t JOIN contests c ON c.id = t.contest_id LEFT JOIN prizes p ON p.id = t.prize_id
        WHERE t.code = $1`,
      values: [code, this.clock.now(), accountId, playKey],
    });
    return rows[0];
  }
}
