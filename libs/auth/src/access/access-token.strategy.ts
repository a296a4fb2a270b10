import { createSecretKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { AppConfig, Clock } from '@tiptop/platform';
import { isUUID } from 'class-validator';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Account } from './account';
import { AccountDirectory } from './account-directory';
import { AccountArchived, Unauthenticated } from './access.errors';
import { RefusalRecorder } from './refusal-recorder';

/** What an access token says: whose (`sub`), of which session (`sid`), until when (`exp`, seconds since 1970). */
export interface AccessTokenClaims {
  sub: string;
  sid: string;
  iat: number;
  exp: number;
}

export const ACCESS_TOKEN_ALGORITHM = 'HS256';

@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, 'access-token') {
  constructor(
    config: AppConfig,
    private readonly clock: Clock,
    private readonly directory: AccountDirectory,
    private readonly refusals: RefusalRecorder,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // A key object, which jsonwebtoken takes as well: given a text, it tries to read a public key at each request.
      secretOrKey: createSecretKey(config.jwtSecret, 'utf8') as unknown as Buffer,
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      // The library compares with the system's clock; validate() compares with the service's.
      ignoreExpiration: true,
    });
  }

  async validate(claims: Partial<AccessTokenClaims>): Promise<Account> {
    if (!isComplete(claims) || claims.exp * 1000 <= this.clock.now().getTime()) throw new Unauthenticated();
    const standing = await this.directory.find(claims.sid);
    if (standing?.id !== claims.sub) throw new Unauthenticated();
    const { id, role, secondFactorShown } = standing;
    if (!standing.isActive) {
      const refusal = new AccountArchived();
      const details = { reason: refusal.code };
      await this.refusals.record(id, { action: 'access-refused', actor: { id, role }, details });
      throw refusal;
    }
    return { id, role, sessionId: claims.sid, secondFactorShown };
  }
}

/** Whether a token that bears our signature is one of ours, whose session can be asked for in the database. */
function isComplete(claims: Partial<AccessTokenClaims>): claims is AccessTokenClaims {
  return typeof claims.sub === 'string' && typeof claims.exp === 'number' && isUUID(claims.sid);
}
