import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AppConfig, Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { DataSource, type EntityManager, IsNull, Not } from 'typeorm';
import { type AccessTokenClaims } from '../access/access-token.strategy';
import { AccountArchived } from '../access/access.errors';
import { User } from '../users/user.entity';
import { RefreshToken } from './refresh-token.entity';
import { Session, type SessionEnd } from './session.entity';
import { InvalidRefreshToken } from './session.errors';

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
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Opens a session within the caller's transaction. */
  async open(manager: EntityManager, userId: string, userAgent: string | undefined): Promise<TokenPair> {
    const now = this.clock.now();
    const session = await manager.save(
      manager.create(Session, {
        userId,
        userAgent: userAgent?.slice(0, USER_AGENT_LENGTH) ?? null,
        createdAt: now,
        lastUsedAt: now,
        expiresAt: this.refreshExpiry(now),
        revokedAt: null,
        revokedBecause: null,
      }),
    );
    return this.issue(manager, userId, session.id);
  }

  /**
   * Exchanges a refresh token for a new pair.
   * @throws InvalidRefreshToken; where the token had been exchanged before, the whole session has ended as well
   * @throws AccountArchived
   */
  async refresh(refreshToken: string): Promise<{ pair: TokenPair; user: User }> {
    const hash = hashOf(refreshToken);
    const outcome = await this.dataSource.transaction(async (manager) => {
      const now = this.clock.now();
      const token = await manager.findOne(RefreshToken, { where: { hash }, relations: { session: { user: true } } });
      const session = token?.session;
      if (!token || !session?.user || session.revokedAt || token.expiresAt <= now) return 'invalid';
      // The first exchange wins the row; whoever comes second, be it a moment later, finds it used.
      const { affected } = await manager.update(RefreshToken, { hash, usedAt: IsNull() }, { usedAt: now });
      if (affected !== 1) {
        await this.revoke(manager, { id: session.id }, 'reuse');
        return { reused: session.id };
      }
      if (!session.user.isActive) return 'archived';
      const alive = await manager.update(
        Session,
        { id: session.id, revokedAt: IsNull() },
        { lastUsedAt: now, expiresAt: this.refreshExpiry(now) },
      );
      if (alive.affected !== 1) return 'invalid';
      return { pair: await this.issue(manager, session.userId, session.id), user: session.user };
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
    const token = await this.dataSource.manager.findOneBy(RefreshToken, { hash: hashOf(refreshToken) });
    if (token) await this.revoke(this.dataSource.manager, { id: token.sessionId }, 'logout');
  }

  /** Ends every session of a user but one. */
  async endOthers(manager: EntityManager, userId: string, keepSessionId: string, because: SessionEnd): Promise<void> {
    await this.revoke(manager, { userId, id: Not(keepSessionId) }, because);
  }

  private async revoke(
    manager: EntityManager,
    which: Parameters<typeof manager.update<Session>>[1],
    because: SessionEnd,
  ): Promise<void> {
    await manager.update(
      Session,
      { ...(which as object), revokedAt: IsNull() },
      { revokedAt: this.clock.now(), revokedBecause: because },
    );
  }

  private async issue(manager: EntityManager, userId: string, sessionId: string): Promise<TokenPair> {
    const now = this.clock.now();
    const refreshToken = randomBytes(TOKEN_BYTES).toString('base64url');
    await manager.insert(RefreshToken, {
      hash: hashOf(refreshToken),
      sessionId,
      issuedAt: now,
      expiresAt: this.refreshExpiry(now),
      usedAt: null,
    });
    const iat = Math.floor(now.getTime() / 1000);
    const expiresIn = this.config.accessTokenTtlSeconds;
    const claims: AccessTokenClaims = { sub: userId, sid: sessionId, iat, exp: iat + expiresIn };
    return { accessToken: await this.jwt.signAsync(claims), refreshToken, tokenType: 'Bearer', expiresIn };
  }

  private refreshExpiry(from: Date): Date {
    return new Date(from.getTime() + this.config.refreshTokenTtlSeconds * 1000);
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
