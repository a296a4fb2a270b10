import { type ProblemBody, registerCustomer, type SessionBody } from '../support/builders';
import { startDocumentedApp } from '../support/openapi-match';
import type { TestApp } from '../support/test-app';

const AT_ONCE = 20;
const ROUNDS = 5;

describe('One refresh token, twenty times at once, on two replicas', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
    replica = await test.replica();
  });
  afterAll(async () => {
    await test.stop();
  });

  const refresh = ({ client }: TestApp, refreshToken: string) =>
    client.post<SessionBody & ProblemBody>('/v1/auth/refresh', { refreshToken });

  it('is exchanged at most once, and the family is dead afterwards', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const session = await registerCustomer(test);
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, n) => refresh(n % 2 === 0 ? test : replica, session.refreshToken)),
      );
      const exchanged = answers.filter(({ status }) => status === 200);
      const refused = answers.filter(({ status, body }) => status === 401 && body.code === 'INVALID_REFRESH_TOKEN');
      expect(exchanged.length).toBeLessThanOrEqual(1);
      expect(exchanged.length + refused.length).toBe(AT_ONCE);
      for (const { body } of exchanged) {
        expect((await refresh(test, body.refreshToken)).status).toBe(401);
        expect((await replica.client.get('/v1/users/me', body.accessToken)).status).toBe(401);
      }
      expect((await test.client.get('/v1/users/me', session.accessToken)).status).toBe(401);
      const rows = await test.database.query<{ tokens: string; alive: string }[]>(
        `SELECT count(DISTINCT t.hash) AS tokens, count(DISTINCT s.id) FILTER (WHERE s.revoked_at IS NULL) AS alive
         FROM sessions s JOIN refresh_tokens t ON t.session_id = s.id WHERE s.user_id = $1`,
        [session.user.id],
      );
      expect(rows).toEqual([{ tokens: String(1 + exchanged.length), alive: '0' }]);
    }
  });

  it('and a logout at the same moment: nothing of the session is left', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const session = await registerCustomer(test);
      const [renewed, out] = await Promise.all([
        refresh(test, session.refreshToken),
        replica.client.post('/v1/auth/logout', { refreshToken: session.refreshToken }),
      ]);
      expect(out.status).toBe(204);
      expect([200, 401]).toContain(renewed.status);
      if (renewed.status === 200) {
        expect((await test.client.get('/v1/users/me', renewed.body.accessToken)).status).toBe(401);
        expect((await refresh(test, renewed.body.refreshToken)).status).toBe(401);
      }
    }
  });
});
