import { PASSWORD, registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { claimsOf } from '../support/forge';
import { startDocumentedApp } from '../support/openapi-match';
import { expectProblem } from '../support/problem';
import type { TestApp } from '../support/test-app';

const HOUR_MS = 3_600_000;
const WORKING_DAY_HOURS = 12;

describe('The session of a member of staff', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp({ config: { staffSessionTtlSeconds: WORKING_DAY_HOURS * 3600 } });
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const refresh = (refreshToken: string) => test.client.post<SessionBody>('/v1/auth/refresh', { refreshToken });
  const me = (token: string) => test.client.get('/v1/users/me', token);
  const setRole = (id: string, role: string) =>
    test.database.query('UPDATE users SET role = $2 WHERE id = $1', [id, role]);

  /** When session and newest refresh token end, in hours after the session began. */
  async function endsAfterHours({ accessToken }: SessionBody): Promise<number[]> {
    const [row] = await test.database.query<{ session: string; token: string }[]>(
      `SELECT extract(epoch FROM s.expires_at - s.created_at) AS session,
         extract(epoch FROM max(t.expires_at) - s.created_at) AS token
       FROM sessions s JOIN refresh_tokens t ON t.session_id = s.id AND t.used_at IS NULL
       WHERE s.id = $1 GROUP BY s.id`,
      [claimsOf(accessToken).sid],
    );
    return [Number(row?.session) / 3600, Number(row?.token) / 3600];
  }

  /** Refreshes each hour. @returns the last session that was answered, and after how many hours there was none */
  async function keepRefreshing(
    session: SessionBody,
    hours: number,
  ): Promise<{ last: SessionBody; endedAfter?: number }> {
    let last = session;
    for (let hour = 1; hour <= hours; hour++) {
      test.clock.moveBy(HOUR_MS);
      const renewed = await refresh(last.refreshToken);
      if (renewed.status !== 200) {
        expectProblem(renewed, 401, 'INVALID_REFRESH_TOKEN');
        return { last, endedAfter: hour };
      }
      last = renewed.body;
    }
    return { last };
  }

  it.each(['employee', 'admin'] as const)(
    'ends a working day after the sign-in, however it is refreshed: %s',
    async (role) => {
      const session = await signInAs(test, role);
      expect(await endsAfterHours(session)).toEqual([WORKING_DAY_HOURS, WORKING_DAY_HOURS]);
      const { last, endedAfter } = await keepRefreshing(session, WORKING_DAY_HOURS + 2);
      expect(endedAfter).toBe(WORKING_DAY_HOURS);
      expect(await endsAfterHours(last)).toEqual([WORKING_DAY_HOURS, WORKING_DAY_HOURS]);
      expectProblem(await me(last.accessToken), 401, 'UNAUTHENTICATED');
      const { email } = session.user;
      const anew = await test.client.post<SessionBody>('/v1/auth/login', { email, password: PASSWORD });
      expect((await me(anew.body.accessToken)).status).toBe(200);
    },
  );

  it('gives out no access token that outlives it', async () => {
    const session = await signInAs(test, 'employee');
    test.clock.moveBy(WORKING_DAY_HOURS * HOUR_MS - 120_000);
    const renewed = await refresh(session.refreshToken);
    expect(renewed.status).toBe(200);
    expect(renewed.body.expiresIn).toBeGreaterThan(0);
    expect(renewed.body.expiresIn).toBeLessThanOrEqual(120);
    expect((await me(renewed.body.accessToken)).status).toBe(200);
    test.clock.moveBy(120_000);
    expectProblem(await me(renewed.body.accessToken), 401, 'UNAUTHENTICATED');
  });

  it('is a customer’s no longer: one that was promoted with an old session signs in again', async () => {
    const session = await registerCustomer(test);
    const { last } = await keepRefreshing(session, WORKING_DAY_HOURS + 1);
    expect((await me(last.accessToken)).status).toBe(200);
    await setRole(session.user.id, 'employee');
    expectProblem(await me(last.accessToken), 401, 'UNAUTHENTICATED');
    expectProblem(await refresh(last.refreshToken), 401, 'INVALID_REFRESH_TOKEN');
    // Nothing of it was used up: as a customer they would go on.
    await setRole(session.user.id, 'customer');
    expect((await refresh(last.refreshToken)).status).toBe(200);
  });

  it('tells its end in the list of sessions, also of one who was promoted in the midst of it', async () => {
    const session = await registerCustomer(test);
    await setRole(session.user.id, 'employee');
    const { body } = await test.client.get<{ items: { createdAt: string; expiresAt: string }[] }>(
      '/v1/users/me/sessions',
      session.accessToken,
    );
    const [{ createdAt, expiresAt } = { createdAt: '', expiresAt: '' }] = body.items;
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(WORKING_DAY_HOURS * HOUR_MS);
    const renewed = await refresh(session.refreshToken);
    expect(await endsAfterHours(renewed.body)).toEqual([WORKING_DAY_HOURS, WORKING_DAY_HOURS]);
  });

  it('ends earlier where nobody refreshes it, as a customer’s does', async () => {
    const short = await startDocumentedApp({
      config: { staffSessionTtlSeconds: 7 * 86_400, refreshTokenTtlSeconds: 3600 },
    });
    try {
      const { refreshToken, accessToken } = await signInAs(short, 'admin');
      short.clock.moveBy(HOUR_MS);
      expectProblem(await short.client.post('/v1/auth/refresh', { refreshToken }), 401, 'INVALID_REFRESH_TOKEN');
      expectProblem(await short.client.get('/v1/users/me', accessToken), 401, 'UNAUTHENTICATED');
    } finally {
      await short.stop();
    }
  });
});
