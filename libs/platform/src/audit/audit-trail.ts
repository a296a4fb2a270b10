import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AppConfig } from '../config/app-config';
import type { KeysetPosition } from '../pagination/keyset';
import type { AuditAction, AuditRole } from './audit-actions';

const FORGETTING_BATCH = 2000;

/** An entry as it was written. */
export interface AuditEntry {
  id: string;
  at: Date;
  actorId: string | null;
  actorRole: AuditRole;
  /** Of any release: an older or newer one may have had actions that this one does not know. */
  action: string;
  subjectType: string | null;
  subjectId: string | null;
  details: Record<string, unknown>;
  /** The network it came from; null outside of a request, and where it was taken out. */
  address: string | null;
  requestId: string | null;
}

export interface AuditFilter {
  actorId?: string | undefined;
  action?: AuditAction | undefined;
  subjectId?: string | undefined;
  /** From then on: an instant, or a day (`YYYY-MM-DD`) in the contest's time zone. */
  from?: string | undefined;
  /** Before that instant, or until the end of that day. */
  to?: string | undefined;
}

/** Reads the audit log, and takes out of it the one thing that may go. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
  ) {}

  /**
   * Entries, the newest first.
   * @param limit most rows
   * @param before the last row of the page before, its id a whole number
   */
  async list(
    { actorId, action, subjectId, from, to }: AuditFilter,
    limit: number,
    before?: KeysetPosition,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<AuditEntry[]> {
    const values: unknown[] = [];
    const place = (value: unknown): string => `$${values.push(value).toString()}`;
    const conditions = ['true'];
    if (actorId !== undefined) conditions.push(`actor_id = ${place(actorId)}`);
    if (action !== undefined) conditions.push(`action = ${place(action)}`);
    if (subjectId !== undefined) conditions.push(`subject_id = ${place(subjectId)}`);
    if (from !== undefined) conditions.push(`at >= ${this.instantSql(from, place)}`);
    if (to !== undefined) conditions.push(`at < ${this.instantSql(to, place, 1)}`);
    if (before) conditions.push(`(at, id) < (${place(before.at)}::timestamptz, ${place(before.id)}::bigint)`);
    return manager.query<AuditEntry[]>(
      `SELECT id, at, actor_id AS "actorId", actor_role AS "actorRole", action, subject_type AS "subjectType",
         subject_id AS "subjectId", details, address, request_id AS "requestId"
       FROM audit_entries WHERE ${conditions.join(' AND ')} ORDER BY at DESC, id DESC LIMIT ${place(limit)}`,
      values,
    );
  }

  /** All that an account did and that was done with it, the newest first. */
  async about(
    userId: string,
    manager: EntityManager,
  ): Promise<Pick<AuditEntry, 'at' | 'action' | 'actorId' | 'address'>[]> {
    return manager.query(
      `SELECT at, action, actor_id AS "actorId", address FROM audit_entries
       WHERE actor_id = $1::uuid OR (subject_type = 'user' AND subject_id = $1::text) ORDER BY at DESC, id DESC`,
      [userId],
    );
  }

  /** Takes the addresses of a person out: of what they did, and of what strangers tried with their account. */
  async forgetAddresses(userId: string, manager: EntityManager): Promise<void> {
    for (const theirs of [
      'actor_id = $1::uuid',
      `actor_id IS NULL AND subject_type = 'user' AND subject_id = $1::text`,
    ]) {
      await manager.query(
        `UPDATE audit_entries SET address = NULL, address_salt = NULL WHERE ${theirs} AND address IS NOT NULL`,
        [userId],
      );
    }
  }

  /**
   * Takes the addresses out of entries that have become too old for them, a batch at a time, so that nobody waits for
   * long; those that somebody else is at are left to the next time.
   * @param before entries of an earlier moment are too old
   * @param batch how many in one transaction
   * @returns how many addresses went
   */
  async forgetAddressesBefore(before: Date, batch = FORGETTING_BATCH): Promise<number> {
    let forgotten = 0;
    for (;;) {
      const [, count] = await this.dataSource.query<[unknown, number]>(
        `UPDATE audit_entries SET address = NULL, address_salt = NULL WHERE id = ANY(ARRAY(
           SELECT id FROM audit_entries WHERE address IS NOT NULL AND at < $1 ORDER BY at, id LIMIT $2
           FOR NO KEY UPDATE SKIP LOCKED))`,
        [before, batch],
      );
      forgotten += count;
      if (count < batch) return forgotten;
    }
  }

  /** @param days added to what is only a day */
  private instantSql(text: string, place: (value: unknown) => string, days = 0): string {
    if (text.length > 10) return `${place(text)}::timestamptz`;
    return `((${place(text)}::date + ${days.toString()})::timestamp AT TIME ZONE ${place(this.config.timeZone)})`;
  }
}
