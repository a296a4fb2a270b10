import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import {
  ANONYMOUS,
  AppConfig,
  type AuditActor,
  AuditLog,
  Clock,
  LOGGER,
  MailOutbox,
  secretHash,
} from '@tiptop/platform';
import { isUUID } from 'class-validator';
import type { Logger } from 'pino';
import { DataSource, type EntityManager, IsNull, Not } from 'typeorm';
import { type AccessTokenClaims } from '../access/access-token.strategy';
import { AccountArchived } from '../access/access.errors';
import { NEW_DEVICE_MAIL } from '../mails/mail-names';
import type { Origin } from '../sign-in/origin';
import { User } from '../users/user.entity';
import { deviceOf } from './device';
import { RefreshToken } from './refresh-token.entity';
import { Session, type SessionEnd } from './session.entity';
import { InvalidRefreshToken, SessionNotFound } from './session.errors';
import { sessionEnd } from './session-term';

const TOKEN_BYTES = 32;
const USER_AGENT_LENGTH = 300;

/** A pair of tokens as a client holds them. `expiresIn` is the access token's life in seconds. */
export interface TokenPair {
  accessToken: string;
  refreshToken: string;
  tokenType: 'Bearer';
  expiresIn: number;
}

/** Opens, prolongs and ends sessions. A refresh token is good once; its reuse ends the session it came from. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly jwt: JwtService,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly outbox: MailOutbox,
    private readonly audit: AuditLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Opens a session within the caller's transaction.
   * @param secondFactorAt when its owner showed the second factor
   */
  async open(
    manager: EntityManager,
    { id: userId, role }: User,
    { userAgent }: Origin,
    secondFactorAt: Date | null = null,
  ): Promise<TokenPair> {
    const now = this.clock.now();
    const device = deviceOf(userAgent);
    const [earlier] = await manager.query<{ any: boolean; alike: boolean }[]>(
      `SELECT count(*) > 0 AS any, count(*) FILTER (WHERE device IS NOT DISTINCT FROM $2) > 0 AS alike
       FROM sessions WHERE user_id = $1`,
      [userId, device],
    );
    const session = await manager.save(
      manager.create(Session, {
        userId,
        userAgent: userAgent?.slice(0, USER_AGENT_LENGTH) ?? null,
        device,
        secondFactorAt,
        createdAt: now,
        lastUsedAt: now,
        expiresAt: sessionEnd(this.config, role, now, now),
        revokedAt: null,
        revokedBecause: null,
      }),
    );
    await manager.update(User, { id: userId }, { lastActiveAt: now });
    if (earlier?.any && !earlier.alike) {
      await this.outbox.post(manager, { kind: NEW_DEVICE_MAIL, userId, data: { sessionId: session.id } });
    }
    return this.issue(manager, session);
  }

  /**
   * Exchanges a refresh token for a new pair.
   * @throws InvalidRefreshToken; where the token had been exchanged before, the whole session has ended as well
   * @throws AccountArchived
   */
  async refresh(refreshToken: string): Promise<{ pair: TokenPair; user: User }> {
    const hash = secretHash(refreshToken);
    const outcome = await this.dataSource.transaction(async (manager) => {
      const now = this.clock.now();
      const token = await manager.findOne(RefreshToken, { where: { hash }, relations: { session: true } });
      const session = token?.session;
      if (!token || !session || token.expiresAt <= now) return 'invalid';
      if (session.revokedAt && session.revokedBecause !== 'archived') return 'invalid';
      const { userId: id } = session;
      const user = await manager.findOne(User, { where: { id }, lock: { mode: 'for_no_key_update' } });
      if (!user || user.erasedAt) return 'invalid';
      // Ended by the archiving, and it stays so when the account is restored.
      if (session.revokedAt) return user.isActive ? 'invalid' : 'archived';
      // Of one who became staff meanwhile, the session may have ended before what its row says.
      session.expiresAt = sessionEnd(this.config, user.role, session.createdAt, now);
      if (session.expiresAt <= now) return 'invalid';
      // The first exchange wins the row; whoever comes second, be it a moment later, finds it used.
      const { affected } = await manager.update(RefreshToken, { hash, usedAt: IsNull() }, { usedAt: now });
      if (affected !== 1) {
        // Of the two who came with it, nobody knows which is the owner.
        await this.endOne(manager, session, 'reuse', ANONYMOUS);
        return { reused: session.id };
      }
      if (!user.isActive) return 'archived';
      const { expiresAt } = session;
      const open = { id: session.id, revokedAt: IsNull() };
      const alive = await manager.update(Session, open, { lastUsedAt: now, expiresAt });
      if (alive.affected !== 1) return 'invalid';
      await manager.update(User, { id }, { lastActiveAt: now });
      return { pair: await this.issue(manager, session), user };
    });
    if (outcome === 'archived') throw new AccountArchived();
    if (outcome === 'invalid') throw new InvalidRefreshToken();
    if ('reused' in outcome) {
      this.logger.warn({ sessionId: outcome.reused }, 'A used refresh token came again; its session was ended');
      throw new InvalidRefreshToken();
    }
    return outcome;
  }

  /** Ends the session of a refresh token. An unknown token is no error: the client wanted to be out, and is. */
  async logout(refreshToken: string): Promise<void> {
    const { manager } = this.dataSource;
    const hash = secretHash(refreshToken);
    const token = await manager.findOne(RefreshToken, { where: { hash }, relations: { session: { user: true } } });
    const session = token?.session;
    const owner = session?.user;
    if (!session || !owner) return;
    await this.dataSource.transaction(async (own) => this.endOne(own, session, 'logout', owner));
  }

  /**
   * Ends a session at its owner's wish; its access token is refused from then on, on every replica.
   * @param id any text
   * @throws SessionNotFound where the owner has no such session that is still open
   */
  async end(owner: Pick<User, 'id' | 'role'>, id: string): Promise<void> {
    const { id: userId, role } = owner;
    const { manager } = this.dataSource;
    const session = isUUID(id) ? await manager.findOneBy(Session, { id, userId, revokedAt: IsNull() }) : null;
    const now = this.clock.now();
    if (!session || session.expiresAt <= now) throw new SessionNotFound();
    if (sessionEnd(this.config, role, session.createdAt, now) <= now) throw new SessionNotFound();
    const ended = await this.dataSource.transaction(async (own) =>
      this.endOne(own, session, 'ended-by-owner', { id: userId, role }),
    );
    if (!ended) throw new SessionNotFound();
  }

  /** Ends every session of a user but one. */
  async endOthers(manager: EntityManager, userId: string, keepSessionId: string, because: SessionEnd): Promise<void> {
    await this.revoke(manager, { userId, id: Not(keepSessionId) }, because);
  }

  /** Ends every session of a user. */
  async endAll(manager: EntityManager, userId: string, because: SessionEnd): Promise<void> {
    await this.revoke(manager, { userId }, because);
  }

  /** @returns whether it was open */
  private async endOne(
    manager: EntityManager,
    { id, userId }: Pick<Session, 'id' | 'userId'>,
    because: SessionEnd,
    actor: AuditActor,
  ): Promise<boolean> {
    const ended = await this.revoke(manager, { id }, because);
    const subject = { type: 'user', id: userId };
    if (ended) await this.audit.record(manager, { action: 'session-ended', actor, subject, details: { because } });
    return ended;
  }

  /** @returns whether there was anything to end */
  private async revoke(
    manager: EntityManager,
    which: Parameters<typeof manager.update<Session>>[1],
    because: SessionEnd,
  ): Promise<boolean> {
    const { affected } = await manager.update(
      Session,
      { ...(which as object), revokedAt: IsNull() },
      { revokedAt: this.clock.now(), revokedBecause: because },
    );
    return affected !== 0;
  }

  private async issue(
    manager: EntityManager,
    { id: sessionId, userId, expiresAt }: Pick<Session, 'id' | 'userId' | 'expiresAt'>,
  ): Promise<TokenPair> {
    const now = this.clock.now();
    const refreshToken = randomBytes(TOKEN_BYTES).toString('base64url');
    const token = { hash: secretHash(refreshToken), sessionId, issuedAt: now, expiresAt, usedAt: null };
    await manager.insert(RefreshToken, token);
    const iat = Math.floor(now.getTime() / 1000);
    const expiresIn = Math.min(this.config.accessTokenTtlSeconds, Math.floor(expiresAt.getTime() / 1000) - iat);
    const claims: AccessTokenClaims = { sub: userId, sid: sessionId, iat, exp: iat + expiresIn };
    return { accessToken: await this.jwt.signAsync(claims), refreshToken, tokenType: 'Bearer', expiresIn };
  }
}
