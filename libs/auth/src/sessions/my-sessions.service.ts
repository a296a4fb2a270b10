import { Injectable } from '@nestjs/common';
import { AppConfig, Clock, decodeCursor, type PageQuery, toPage } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import type { Account } from '../access/account';
import type { MySessionResponse, MySessionsResponse } from './dto/my-sessions.response';
import { sessionEndSql } from './session-term';

interface SessionRow {
  id: string;
  device: string | null;
  createdAt: Date;
  lastUsedAt: Date;
  expiresAt: Date;
}

const END = sessionEndSql('s', 'u', '$3::int');

const OPEN_SESSIONS = `
  SELECT s.id, s.device, s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt", ${END} AS "expiresAt"
  FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.user_id = $1 AND s.revoked_at IS NULL AND ${END} > $2
    AND ($4::timestamptz IS NULL OR (s.created_at, s.id::text) < ($4, $5))
  ORDER BY s.created_at DESC, s.id::text DESC LIMIT $6`;

/** Where somebody is signed in. */
@Injectable()
export class MySessionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** The open sessions of an account, the newest first. */
  async list(account: Account, { limit, cursor }: PageQuery): Promise<MySessionsResponse> {
    const before = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await this.dataSource.query<SessionRow[]>(OPEN_SESSIONS, [
      account.id,
      this.clock.now(),
      this.config.staffSessionTtlSeconds,
      before?.at ?? null,
      before?.id ?? null,
      limit + 1,
    ]);
    return toPage(
      rows,
      limit,
      ({ createdAt: at, id }) => ({ at, id }),
      (row) => toItem(row, account.sessionId),
    );
  }
}

function toItem({ id, device, ...times }: SessionRow, currentId: string): MySessionResponse {
  return {
    id,
    device,
    createdAt: times.createdAt.toISOString(),
    lastUsedAt: times.lastUsedAt.toISOString(),
    expiresAt: times.expiresAt.toISOString(),
    current: id === currentId,
  };
}
