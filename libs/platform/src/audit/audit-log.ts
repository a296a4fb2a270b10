import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../clock/clock';
import { DomainError } from '../errors/domain-error';
import { networkOf } from '../limits/network-of';
import { requestContext } from '../logging/request-context';
import type { AuditAction, AuditActor, AuditDetails, AuditSubject } from './audit-actions';

const SALT_BYTES = 16;

/** One thing that somebody did, or was refused. */
export interface AuditRecord {
  action: AuditAction;
  actor: AuditActor;
  subject?: AuditSubject | null;
  /**
   * Identifiers, codes, names of fields, counts: what is needed to understand the entry. Never a name, an e-mail address
   * or what somebody typed: an entry stays when a person goes.
   */
  details?: AuditDetails;
}

/**
 * Writes down who did what, when, and from where. An entry is never altered or removed, and is chained to those before
 * it when its transaction commits; see AuditVerifier. Its transaction must be READ COMMITTED, as every ordinary one is.
 */
@Injectable()
export class AuditLog {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Writes an entry in the transaction that it tells of: the two stand or fall together. */
  async record(manager: EntityManager, { action, actor, subject, details = {} }: AuditRecord): Promise<void> {
    const { requestId, address } = requestContext.getStore() ?? {};
    const network = address === undefined ? null : networkOf(address);
    const salt = network === null ? null : randomBytes(SALT_BYTES);
    await manager.query(
      `INSERT INTO audit_entries (at, actor_id, actor_role, action, subject_type, subject_id, details, request_id,
         address, address_salt, address_digest)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        this.clock.now(),
        actor.id,
        actor.role,
        action,
        subject?.type ?? null,
        subject?.id ?? null,
        JSON.stringify(details),
        requestId ?? null,
        network,
        salt,
        network === null || salt === null ? null : addressDigest(salt, network),
      ],
    );
  }

  /** Writes an entry in a transaction of its own, for a refusal whose transaction comes to nothing. */
  async recordApart(record: AuditRecord): Promise<void> {
    await this.record(this.dataSource.manager, record);
  }

  /**
   * Does some work. Should it be refused for one of the given reasons, that is written down in a transaction of its own,
   * since the work's comes to nothing.
   * @param refusal the entry of a refusal; the reason is added to its details
   * @param codes of the errors that count. What was not found or mistyped was not refused; and what anybody may repeat
   * without a limit would fill the log
   */
  async watch<T>(refusal: AuditRecord, codes: readonly string[], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DomainError && codes.includes(error.code)) {
        await this.recordApart({ ...refusal, details: { ...refusal.details, reason: error.code } });
      }
      throw error;
    }
  }
}

/** What the chain holds of an address: it proves which one it was while the salt is there, and nothing afterwards. */
export function addressDigest(salt: Buffer, address: string): Buffer {
  return createHash('sha256').update(salt).update(address).digest();
}
