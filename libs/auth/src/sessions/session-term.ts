import type { AppConfig } from '@tiptop/platform';
import type { Role } from '../access/roles';

type Terms = Pick<AppConfig, 'refreshTokenTtlSeconds' | 'staffSessionTtlSeconds'>;

/**
 * When a session that is used now ends, unless it is used again. For customers that moves on with each refresh; staff
 * sign in anew after a working day, whatever they refresh.
 */
export function sessionEnd(terms: Terms, role: Role, createdAt: Date, now: Date): Date {
  const unused = now.getTime() + terms.refreshTokenTtlSeconds * 1000;
  const atLatest = role === 'customer' ? Infinity : createdAt.getTime() + terms.staffSessionTtlSeconds * 1000;
  return new Date(Math.min(unused, atLatest));
}

/**
 * SQL of when a session ends: what stands in its row, or earlier where its owner became staff since.
 * @param session alias of the sessions
 * @param user alias of the users
 * @param staffSeconds SQL of the setting, an integer
 */
export function sessionEndSql(session: string, user: string, staffSeconds: string): string {
  return `(CASE WHEN ${user}.role = 'customer' THEN ${session}.expires_at
    ELSE least(${session}.expires_at, ${session}.created_at + ${staffSeconds} * interval '1 second') END)`;
}
