import { Injectable } from '@nestjs/common';
import { Clock } from '@tiptop/platform';
import { type EntityManager, IsNull } from 'typeorm';
import { MailToken } from '../mail-tokens/mail-token.entity';
import { RecoveryCode } from '../second-factor/recovery-code.entity';
import { SecondFactor } from '../second-factor/second-factor.entity';
import { Session } from '../sessions/session.entity';
import { Identity } from '../social/identity.entity';
import type { User } from '../users/user.entity';
import type { MyDataResponse, SessionDataResponse } from './dto/my-data.response';

type SignInData = Pick<MyDataResponse, 'identities' | 'sessions' | 'secondFactor' | 'mailLinks'>;

/** All that somebody signs in by, and where they did. */
@Injectable()
export class SignInRecords {
  constructor(private readonly clock: Clock) {}

  async collect(userId: string, manager: EntityManager): Promise<SignInData> {
    const identities = await manager.find(Identity, { where: { userId }, order: { linkedAt: 'ASC' } });
    const sessions = await manager.find(Session, { where: { userId }, order: { createdAt: 'DESC', id: 'ASC' } });
    const factor = await manager.findOneBy(SecondFactor, { userId });
    const recoveryCodesLeft = await manager.countBy(RecoveryCode, { userId, usedAt: IsNull() });
    const tokens = await manager.find(MailToken, { where: { userId }, order: { createdAt: 'ASC' } });
    const since = factor?.confirmedAt ?? null;
    return {
      identities: identities.map(({ provider, subject, linkedAt, lastUsedAt }) => ({
        provider,
        subject,
        linkedAt: linkedAt.toISOString(),
        lastUsedAt: lastUsedAt.toISOString(),
      })),
      sessions: sessions.map(toSessionData),
      secondFactor: { enabled: since !== null, since: since?.toISOString() ?? null, recoveryCodesLeft },
      mailLinks: tokens.map(({ purpose, createdAt, expiresAt, usedAt }) => ({
        purpose,
        createdAt: createdAt.toISOString(),
        expiresAt: expiresAt.toISOString(),
        usedAt: usedAt?.toISOString() ?? null,
      })),
    };
  }

  /** Ends every way in. That there were sessions, and when, stays. */
  async erase({ id: userId, email, emailKey }: User, manager: EntityManager): Promise<void> {
    // Somebody on their way back from a provider: known by the identity, or by the address that it told.
    await manager.query(
      `DELETE FROM sign_in_codes c
       WHERE (c.provider, c.subject) IN (SELECT provider, subject FROM identities WHERE user_id = $1)
         OR lower(normalize(trim(c.profile->>'email'), NFKC)) IN ($2, lower(normalize($3, NFKC)))`,
      [userId, emailKey, email],
    );
    for (const table of ['identities', 'mail_tokens', 'second_factors', 'recovery_codes']) {
      await manager.query(`DELETE FROM ${table} WHERE user_id = $1`, [userId]);
    }
    await manager.query(`DELETE FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)`, [
      userId,
    ]);
    await manager.query(
      `UPDATE sessions SET user_agent = NULL, device = NULL, revoked_at = coalesce(revoked_at, $2),
         revoked_because = coalesce(revoked_because, 'erased')
       WHERE user_id = $1`,
      [userId, this.clock.now()],
    );
  }
}

function toSessionData(session: Session): SessionDataResponse {
  const { id, device, userAgent, createdAt, lastUsedAt, expiresAt, secondFactorAt } = session;
  return {
    id,
    device,
    userAgent,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    secondFactorAt: secondFactorAt?.toISOString() ?? null,
    endedAt: session.revokedAt?.toISOString() ?? null,
    endedBecause: session.revokedBecause,
  };
}
