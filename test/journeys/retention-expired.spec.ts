import { RetentionService } from '@tiptop/auth';
import { PASSWORD, registerCustomer, type SessionBody } from '../support/builders';
import { startTestApp, type TestApp } from '../support/test-app';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

describe('Rows that have served their time', () => {
  let test: TestApp;
  let customer: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    customer = await registerCustomer(test);
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  async function removed(): Promise<Record<string, number>> {
    const outcome = await test.app.get(RetentionService).run();
    return { ...outcome?.expired };
  }

  const ago = (ms: number): Date => new Date(test.clock.now().getTime() - ms);

  it('go where they are of a sign-in that nobody finished', async () => {
    for (const [seed, expiresAt] of [
      ['old', ago(1000)],
      ['fresh', ago(-HOUR_MS)],
    ] as const) {
      await test.database.query(
        `INSERT INTO sign_in_codes (hash, provider, subject, profile, expires_at)
         VALUES (sha256($1::text::bytea), 'google', $1::text, '{}', $2)`,
        [seed, expiresAt],
      );
      await test.database.query('INSERT INTO spent_states VALUES (sha256($1::bytea), $2)', [seed, expiresAt]);
    }
    expect(await removed()).toMatchObject({ signIns: 1, states: 1 });
    expect(await test.database.query('SELECT subject FROM sign_in_codes')).toEqual([{ subject: 'fresh' }]);
    expect(await test.database.query(`SELECT hash = sha256('fresh') AS fresh FROM spent_states`)).toEqual([
      { fresh: true },
    ]);
  });

  it('go thirty days after a link in a letter expired', async () => {
    for (const [seed, expiresAt] of [
      ['old', ago(30 * DAY_MS + HOUR_MS)],
      ['fresh', ago(30 * DAY_MS - HOUR_MS)],
    ] as const) {
      await test.database.query(
        `INSERT INTO mail_tokens VALUES (sha256($1::bytea), $2, 'verify-email', $3, $3, NULL)`,
        [seed, customer.user.id, expiresAt],
      );
    }
    expect(await removed()).toMatchObject({ mailLinks: 1 });
    expect(await test.database.query(`SELECT hash = sha256('fresh') AS fresh FROM mail_tokens`)).toEqual([
      { fresh: true },
    ]);
  });

  it('go where a budget is open again', async () => {
    const now = Date.now();
    await test.database.query('DELETE FROM attempt_budgets');
    await test.database.query(
      `INSERT INTO attempt_budgets VALUES ('old', 1, $1), ('fresh', 1, $2), ('ever', 1, NULL)`,
      [now - 1000, now + HOUR_MS],
    );
    expect(await removed()).toMatchObject({ budgets: 1 });
    expect(await test.database.query('SELECT key FROM attempt_budgets ORDER BY key')).toEqual([
      { key: 'ever' },
      { key: 'fresh' },
    ]);
  });

  describe('of sessions', () => {
    interface Times {
      createdAt: Date;
      expiresAt: Date;
      endedAt?: Date;
    }

    /** Sessions by name, each with a refresh token; the name stands where the device would. */
    async function openSessions(sessions: Record<string, Times>): Promise<string> {
      const { user } = await registerCustomer(test);
      await test.database.query('DELETE FROM sessions WHERE user_id = $1', [user.id]);
      for (const [name, { createdAt, expiresAt, endedAt }] of Object.entries(sessions)) {
        await test.database.query(
          `WITH s AS (INSERT INTO sessions (user_id, device, created_at, last_used_at, expires_at, revoked_at, revoked_because)
             VALUES ($1, $2, $3, $3, $4, $5, $6) RETURNING id)
           INSERT INTO refresh_tokens SELECT sha256(uuid_send(id)), id, $3, $4, NULL FROM s`,
          [user.id, name, createdAt, expiresAt, endedAt ?? null, endedAt ? 'logout' : null],
        );
      }
      return user.id;
    }

    const left = async (userId: string): Promise<string[]> =>
      (
        await test.database.query<{ device: string }[]>(
          `SELECT device FROM sessions WHERE user_id = $1
           ORDER BY device`,
          [userId],
        )
      ).map(({ device }) => device);

    it('go ninety days after their end or expiry, with their refresh tokens', async () => {
      const old = ago(200 * DAY_MS);
      const userId = await openSessions({
        'ended long ago': { createdAt: old, expiresAt: ago(-DAY_MS), endedAt: ago(90 * DAY_MS + HOUR_MS) },
        'ended lately': { createdAt: old, expiresAt: ago(-DAY_MS), endedAt: ago(90 * DAY_MS - HOUR_MS) },
        'expired long ago': { createdAt: old, expiresAt: ago(90 * DAY_MS + HOUR_MS) },
        'expired lately': { createdAt: old, expiresAt: ago(90 * DAY_MS - HOUR_MS) },
        'expired long ago, ended lately': { createdAt: old, expiresAt: ago(95 * DAY_MS), endedAt: ago(DAY_MS) },
        open: { createdAt: ago(DAY_MS), expiresAt: ago(-DAY_MS) },
      });
      expect(await removed()).toMatchObject({ sessions: 3 });
      expect(await left(userId)).toEqual(['ended lately', 'expired lately', 'open']);
      const [orphans] = await test.database.query<{ count: number }[]>(
        `SELECT count(*)::int AS count FROM refresh_tokens WHERE session_id NOT IN (SELECT id FROM sessions)`,
      );
      expect(orphans?.count).toBe(0);
    });

    it('are the refresh tokens that no refresh is possible with, those of sessions that go on included', async () => {
      const userId = await openSessions({ open: { createdAt: ago(40 * DAY_MS), expiresAt: ago(-DAY_MS) } });
      await test.database.query(
        `INSERT INTO refresh_tokens SELECT sha256('expired'), id, $2, $3, $2 FROM sessions WHERE user_id = $1`,
        [userId, ago(40 * DAY_MS), ago(1000)],
      );
      expect(await removed()).toMatchObject({ refreshes: 1, sessions: 0 });
      const tokens = `SELECT t.used_at FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.user_id = $1`;
      expect(await test.database.query(tokens, [userId])).toEqual([{ used_at: null }]);
    });

    it('leave the newest of an account, so that a new device is told from the old one', async () => {
      const userId = await openSessions({
        first: { createdAt: ago(400 * DAY_MS), expiresAt: ago(370 * DAY_MS) },
        last: { createdAt: ago(300 * DAY_MS), expiresAt: ago(270 * DAY_MS) },
      });
      expect(await removed()).toMatchObject({ sessions: 1 });
      expect(await left(userId)).toEqual(['last']);
      expect(await removed()).toMatchObject({ sessions: 0 });
    });
  });

  it('are none that anybody still needs: who is signed in stays so', async () => {
    const { user } = customer;
    const { body } = await test.client.post<SessionBody>('/v1/auth/login', { email: user.email, password: PASSWORD });
    await removed();
    expect((await test.client.get('/v1/users/me', body.accessToken)).status).toBe(200);
    const { refreshToken } = body;
    expect((await test.client.post('/v1/auth/refresh', { refreshToken })).status).toBe(200);
  });
});
