import { Injectable } from '@nestjs/common';
import type { Account } from '@tiptop/auth';
import { Clock, isForeignKeyViolation, MailOutbox } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { toPrizeResponse } from '../contests/dto/prize.response';
import { isAnyCode, normaliseCode } from '../domain/ticket-code';
import { PRIZE_HANDED_OVER_MAIL } from '../mails/mail-names';
import { TicketNotFound } from '../plays/play.errors';
import { ClaimAudit } from './claim-audit';
import { ClaimEvent } from './claim-event.entity';
import {
  ClaimPeriodOver,
  IdentityNotChecked,
  SelfClaim,
  StoreInactive,
  StoreNotFound,
  TicketAlreadyClaimed,
  TicketNotClaimed,
  TicketNotPending,
} from './claim.errors';
import { ClaimReader, type ClaimRow, concerns, toClaimTicket } from './claim-reader';
import type { ClaimOutcomeResponse } from './dto/claim.response';
import type { RefuseClaimRequest } from './dto/refuse-claim.request';
import type { UndoClaimRequest } from './dto/undo-claim.request';
import type { ValidateClaimRequest } from './dto/validate-claim.request';

type NewEvent = Pick<ClaimEvent, 'kind' | 'actorId'> & Partial<Pick<ClaimEvent, 'storeId' | 'reason' | 'note'>>;

/** Hands prizes over. One conditional UPDATE decides; every act is recorded beside it, in the same transaction. */
@Injectable()
export class ClaimsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly reader: ClaimReader,
    private readonly outbox: MailOutbox,
    private readonly clock: Clock,
    private readonly audit: ClaimAudit,
  ) {}

  /**
   * Hands the prize over.
   * @throws IdentityNotChecked, StoreNotFound, StoreInactive, TicketNotFound, TicketNotPending, TicketAlreadyClaimed, SelfClaim,
   * ClaimPeriodOver
   */
  async validate(employee: Account, typedCode: string, request: ValidateClaimRequest): Promise<ClaimOutcomeResponse> {
    return this.audit.watch(employee, typedCode, 'validate', async () => this.handOver(employee, typedCode, request));
  }

  private async handOver(
    employee: Account,
    typedCode: string,
    request: ValidateClaimRequest,
  ): Promise<ClaimOutcomeResponse> {
    const { id: employeeId } = employee;
    if (request.identityChecked !== true) throw new IdentityNotChecked();
    const storeId = request.storeId ?? null;
    try {
      return await this.act(
        employee,
        typedCode,
        async (manager, code, now) => {
          // A clock that runs behind the one that recorded the play must not make a hand-over impossible.
          const [rows] = await manager.query<[{ playerId: string; claimedAt: Date }[], number]>(
            `UPDATE tickets t SET status = 'claimed', claimed_by = $2, claimed_at = greatest($3, t.played_at), store_id = $4
           FROM contests c
           WHERE t.code = $1 AND c.id = t.contest_id AND t.status = 'pending' AND t.player_id <> $2
             AND $3 < c.claim_ends_at
           RETURNING t.player_id AS "playerId", t.claimed_at AS "claimedAt"`,
            [code, employeeId, now, storeId],
          );
          const [won] = rows;
          if (!won) return undefined;
          if (storeId !== null) await assertStoreOpen(manager, storeId);
          await this.outbox.post(manager, {
            kind: PRIZE_HANDED_OVER_MAIL,
            userId: won.playerId,
            data: { code, claimedAt: won.claimedAt.toISOString() },
          });
          return { kind: 'validated', actorId: employeeId, storeId };
        },
        (row) => refusalOf(row, employeeId, this.clock.now()),
      );
    } catch (error) {
      throw isForeignKeyViolation(error, 'tickets_store_id_fkey') ? new StoreNotFound() : error;
    }
  }

  /**
   * Records that the prize was not handed over, and why; the ticket stays pending.
   * @throws TicketNotFound, TicketNotPending, TicketAlreadyClaimed, SelfClaim, ClaimPeriodOver
   */
  async refuse(
    employee: Account,
    typedCode: string,
    { reason, note }: RefuseClaimRequest,
  ): Promise<ClaimOutcomeResponse> {
    const { id: employeeId } = employee;
    const change = async (manager: EntityManager, code: string, now: Date): Promise<NewEvent | undefined> => {
      const found = await manager.query<unknown[]>(
        `SELECT 1 FROM tickets t JOIN contests c ON c.id = t.contest_id
         WHERE t.code = $1 AND t.status = 'pending' AND t.player_id <> $2 AND $3 < c.claim_ends_at`,
        [code, employeeId, now],
      );
      if (found.length === 0) return undefined;
      return { kind: 'refused', actorId: employeeId, reason, note: note ?? null };
    };
    return this.audit.watch(employee, typedCode, 'refuse', async () =>
      this.act(employee, typedCode, change, (row) => refusalOf(row, employeeId, this.clock.now())),
    );
  }

  /**
   * Takes a hand-over back: the ticket is pending again, its history keeps both acts.
   * @throws TicketNotFound, TicketNotClaimed
   */
  async undo(admin: Account, typedCode: string, { reason }: UndoClaimRequest): Promise<ClaimOutcomeResponse> {
    const change = async (manager: EntityManager, code: string): Promise<NewEvent | undefined> => {
      const [, undone] = await manager.query<[unknown, number]>(
        `UPDATE tickets SET status = 'pending', claimed_by = NULL, claimed_at = NULL, store_id = NULL
         WHERE code = $1 AND status = 'claimed'`,
        [code],
      );
      return undone === 0 ? undefined : { kind: 'undone', actorId: admin.id, reason };
    };
    return this.audit.watch(admin, typedCode, 'undo', async () =>
      this.act(admin, typedCode, change, () => new TicketNotClaimed()),
    );
  }

  /**
   * @param change what to do; gives the event to record, or undefined where the ticket's state forbids it
   * @param explain the reason, from the ticket as it stands
   */
  private async act(
    actor: Account,
    typedCode: string,
    change: (manager: EntityManager, code: string, now: Date) => Promise<NewEvent | undefined>,
    explain: (row: ClaimRow) => Error,
  ): Promise<ClaimOutcomeResponse> {
    const code = normaliseCode(typedCode);
    if (!isAnyCode(code)) throw new TicketNotFound();
    return this.dataSource.transaction(async (manager) => {
      // Acts on one ticket take turns: what is explained below is then what decided above, and their times are in order.
      const [ticket] = await manager.query<{ contestId: string }[]>(
        'SELECT contest_id AS "contestId" FROM tickets WHERE code = $1 FOR NO KEY UPDATE',
        [code],
      );
      if (!ticket || !concerns(actor, ticket.contestId)) throw new TicketNotFound();
      const now = this.clock.now();
      const event = await change(manager, code, now);
      if (event) {
        await manager.insert(ClaimEvent, { ...event, ticketCode: code, at: now });
        await this.audit.acted(manager, actor, code, event);
      }
      const row = await this.reader.row(manager, code);
      if (!row) throw new TicketNotFound();
      if (!event || !row.prize) throw explain(row);
      return { ticket: toClaimTicket(row, now), prize: toPrizeResponse(row.prize) };
    });
  }
}

/** Asked after the ticket was won over: a ticket that can't be handed over at all is what matters to the employee. */
async function assertStoreOpen(manager: EntityManager, storeId: string): Promise<void> {
  const [store] = await manager.query<{ isActive: boolean }[]>(
    'SELECT is_active AS "isActive" FROM stores WHERE id = $1',
    [storeId],
  );
  if (store?.isActive === false) throw new StoreInactive();
}

function refusalOf(row: ClaimRow, employeeId: string, now: Date): Error {
  if (row.status === 'unclaimed') return new TicketNotPending();
  if (row.status === 'claimed') return new TicketAlreadyClaimed();
  if (row.playerId === employeeId) return new SelfClaim();
  if (now >= row.claimEndsAt) return new ClaimPeriodOver();
  return new Error('A pending ticket could not be handed over');
}
