import { Injectable } from '@nestjs/common';
import { sessionEndSql } from '@tiptop/auth';
import { AppConfig, Clock, isSmokeId } from '@tiptop/platform';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service';
import type { UserDetailResponse } from './dto/user-detail.response';
import { UserNotFound } from './user.errors';
import { toAdminUser, USER_COLUMNS, type UserRow } from './user-list';

const LATEST_TICKETS = 20;
const LATEST_ENTRIES = 50;

const TICKETS = `
  SELECT t.code, t.status, json_build_object('id', p.id, 'name', p.name) AS prize, t.played_at AS "playedAt",
    t.claimed_at AS "claimedAt"
  FROM tickets t JOIN prizes p ON p.id = t.prize_id
  WHERE t.player_id = $1 ORDER BY t.played_at DESC, t.code DESC LIMIT ${LATEST_TICKETS.toString()}`;

const END = sessionEndSql('s', 'u', '$3::int');
const SESSIONS = `
  SELECT s.id, s.device, s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt", ${END} AS "expiresAt"
  FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.user_id = $1 AND s.revoked_at IS NULL AND ${END} > $2 ORDER BY s.created_at DESC, s.id DESC`;

const CONSENTS = `
  SELECT kind, version, granted, given_at AS "givenAt" FROM consents
  WHERE user_id = $1 ORDER BY given_at DESC, id DESC`;

const IDENTITIES = `
  SELECT provider, linked_at AS "linkedAt", last_used_at AS "lastUsedAt" FROM identities
  WHERE user_id = $1 ORDER BY linked_at, provider`;

/** Everything of one account that an administrator is shown. */
@Injectable()
export class UserDetail {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** @throws UserNotFound, for an erased account as well */
  async get(id: string): Promise<UserDetailResponse> {
    if (!isUUID(id) || isSmokeId(id)) throw new UserNotFound();
    // One snapshot: all parts tell of the same moment.
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const [user] = await manager.query<UserRow[]>(
        `SELECT ${USER_COLUMNS} FROM users u WHERE u.id = $1 AND u.erased_at IS NULL`,
        [id],
      );
      if (!user) throw new UserNotFound();
      const now = this.clock.now();
      return Object.assign(toAdminUser(user), {
        tickets: await tickets(id, manager),
        sessions: (await manager.query<Session[]>(SESSIONS, [id, now, this.config.staffSessionTtlSeconds])).map(inJson),
        consents: (await manager.query<Consent[]>(CONSENTS, [id])).map(inJson),
        identities: (await manager.query<Identity[]>(IDENTITIES, [id])).map(inJson),
        secondFactor: await secondFactor(id, manager),
        history: await this.audit.about(id, LATEST_ENTRIES, manager),
      });
    });
  }
}

/** A row as the database gives it: dates where the answer has texts. */
type Row<T> = { [K in keyof T]: K extends `${string}At` ? Exclude<T[K], string> | Date : T[K] };
type Ticket = Row<UserDetailResponse['tickets']['latest'][number]>;
type Session = Row<UserDetailResponse['sessions'][number]>;
type Consent = Row<UserDetailResponse['consents'][number]>;
type Identity = Row<UserDetailResponse['identities'][number]>;

type InJson<T> = { [K in keyof T]: Date extends T[K] ? Exclude<T[K], Date> | string : T[K] };

function inJson<T extends object>(row: T): InJson<T> {
  const entries = Object.entries(row).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Date ? value.toISOString() : value,
  ]);
  return Object.fromEntries(entries) as InJson<T>;
}

async function tickets(userId: string, manager: EntityManager): Promise<UserDetailResponse['tickets']> {
  const [row] = await manager.query<{ total: number }[]>(
    'SELECT count(*)::int AS total FROM tickets WHERE player_id = $1',
    [userId],
  );
  return { total: row?.total ?? 0, latest: (await manager.query<Ticket[]>(TICKETS, [userId])).map(inJson) };
}

async function secondFactor(userId: string, manager: EntityManager): Promise<UserDetailResponse['secondFactor']> {
  const [row] = await manager.query<{ since: Date }[]>(
    'SELECT confirmed_at AS since FROM second_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL',
    [userId],
  );
  return { enabled: row !== undefined, since: row?.since.toISOString() ?? null };
}
