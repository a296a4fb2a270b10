import { Injectable } from '@nestjs/common';
import type { Account } from '@tiptop/auth';
import { type AuditAction, AuditLog, DomainError } from '@tiptop/platform';
import type { EntityManager } from 'typeorm';
import { isAnyCode, normaliseCode } from '../domain/ticket-code';
import type { ClaimEvent, ClaimEventKind } from './claim-event.entity';

const ACTIONS: Readonly<Record<ClaimEventKind, AuditAction>> = {
  validated: 'hand-over',
  refused: 'hand-over-refused',
  undone: 'hand-over-undone',
};

/** Writes the acts of staff on tickets into the audit log, and what they tried in vain. */
@Injectable()
export class ClaimAudit {
  constructor(private readonly audit: AuditLog) {}

  /** In the transaction of the act. Words that somebody typed stay out: a note and the reason of an undo. */
  async acted(
    manager: EntityManager,
    actor: Account,
    code: string,
    { kind, storeId, reason }: Pick<ClaimEvent, 'kind'> & Partial<Pick<ClaimEvent, 'storeId' | 'reason'>>,
  ): Promise<void> {
    const details = {
      ...(storeId ? { storeId } : {}),
      ...(kind === 'refused' && reason ? { reason } : {}),
    };
    await this.audit.record(manager, { action: ACTIONS[kind], actor, subject: { type: 'ticket', id: code }, details });
  }

  /** Does some work; what it is refused by is written down, in a transaction of its own, since its own comes to nothing. */
  async watch<T>(
    actor: Account,
    typedCode: string,
    attempt: 'validate' | 'refuse' | 'undo',
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DomainError) {
        const code = normaliseCode(typedCode);
        // What is no code may be anything that was typed by mistake.
        const subject = isAnyCode(code) ? { type: 'ticket', id: code } : null;
        const details = { attempt, reason: error.code };
        await this.audit.recordApart({ action: 'hand-over-denied', actor, subject, details });
      }
      throw error;
    }
  }
}
