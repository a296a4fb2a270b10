import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { AppConfig, Clock } from '@tiptop/platform';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Account } from './account';
import { AccountDirectory } from './account-directory';
import { AccountArchived, Unauthenticated } from './access.errors';

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
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: config.jwtSecret,
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      // The library compares with the system's clock; validate() compares with the service's.
      ignoreExpiration: true,
    });
  }

  async validate(claims: AccessTokenClaims): Promise<Account> {
    if (!(claims.exp * 1000 > this.clock.now().getTime())) throw new Unauthenticated();
    const standing = await this.directory.find(claims.sid);
    if (standing?.id !== claims.sub) throw new Unauthenticated();
    if (!standing.isActive) throw new AccountArchived();
    return { id: standing.id, role: standing.role, sessionId: claims.sid };
  }
}
