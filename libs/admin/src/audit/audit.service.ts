import { Injectable } from '@nestjs/common';
import {
  type AuditEntry,
  AuditTrail,
  decodeCursor,
  type KeysetPosition,
  toPage,
  ValidationFailed,
} from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import type { AuditEntryResponse, AuditListResponse } from './dto/audit-list.response';
import type { AuditQuery } from './dto/audit.query';

const ENTRY_ID = /^\d{1,18}$/;

interface ActorName {
  id: string;
  firstName: string;
  lastName: string;
}

/** What administrators see of the audit log. */
@Injectable()
export class AuditService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly trail: AuditTrail,
  ) {}

  /** Entries, the newest first. */
  async list({ actor, action, subject, from, to, limit, cursor }: AuditQuery): Promise<AuditListResponse> {
    const before = cursor === undefined ? undefined : positionOf(cursor);
    const filter = { actorId: actor, action, subjectId: subject, from, to };
    const rows = await this.trail.list(filter, limit + 1, before);
    const page = toPage(
      rows,
      limit,
      ({ at, id }) => ({ at, id }),
      (row) => row,
    );
    return { items: await this.present(page.items, this.dataSource.manager), nextCursor: page.nextCursor };
  }

  /** The newest entries about an account. */
  async about(userId: string, limit: number, manager: EntityManager): Promise<AuditEntryResponse[]> {
    return this.present(await this.trail.list({ subjectId: userId }, limit, undefined, manager), manager);
  }

  /** With the names of those who acted, which the log itself does not hold. */
  private async present(entries: readonly AuditEntry[], manager: EntityManager): Promise<AuditEntryResponse[]> {
    const ids = [...new Set(entries.flatMap(({ actorId }) => actorId ?? []))];
    const names = await manager.query<ActorName[]>(
      'SELECT id, first_name AS "firstName", last_name AS "lastName" FROM users WHERE id = ANY ($1::uuid[])',
      [ids],
    );
    const byId = new Map(names.map((name) => [name.id, name]));
    return entries.map((entry) => toItem(entry, entry.actorId === null ? undefined : byId.get(entry.actorId)));
  }
}

function positionOf(cursor: string): KeysetPosition {
  const position = decodeCursor(cursor);
  // One that another list gave out.
  if (!ENTRY_ID.test(position.id)) throw new ValidationFailed([{ path: 'cursor', message: 'cursor' }]);
  return position;
}

function toItem(entry: AuditEntry, name: ActorName | undefined): AuditEntryResponse {
  const { id, at, action, actorId, actorRole, subjectType, subjectId, details, address, requestId } = entry;
  return {
    id,
    at: at.toISOString(),
    action,
    actor: {
      id: actorId,
      role: actorRole,
      firstName: name?.firstName ?? null,
      lastName: name?.lastName ?? null,
    },
    subject: subjectType === null || subjectId === null ? null : { type: subjectType, id: subjectId },
    details,
    address,
    requestId,
  };
}
