import { PASSWORD, registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { newestLetter, tokenInLetter, waitingLetters } from '../support/letters';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const NEW_PASSWORD = 'quatre-bols-de-genmaicha';
const HALF_AN_HOUR_MS = 30 * 60_000;

describe('A forgotten password', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp({ config: { webUrl: 'https://shop.example' } });
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const forgot = (email: string) => test.client.post('/v1/auth/password/forgot', { email });
  const reset = (token: string, password = NEW_PASSWORD) =>
    test.client.post('/v1/auth/password/reset', { token, password });
  const login = (email: string, password: string) =>
    test.client.post<SessionBody>('/v1/auth/login', { email, password });

  async function forgotten(): Promise<SessionBody & { token: string }> {
    const customer = await registerCustomer(test);
    expect((await forgot(customer.user.email)).status).toBe(202);
    return { ...customer, token: await tokenInLetter(test, customer.user.id, 'reset-password') };
  }

  it('is replaced with the token of a letter; every session ends, and the person is told', async () => {
    const customer = await forgotten();
    const elsewhere = (await login(customer.user.email, PASSWORD)).body;
    const letter = await newestLetter(test, customer.user.id, 'reset-password');
    expect(letter?.variables['link']).toBe(`https://shop.example/password/reset#token=${customer.token}`);

    expect((await reset(customer.token)).status).toBe(204);
    for (const { accessToken, refreshToken } of [customer, elsewhere]) {
      expectProblem(await test.client.get('/v1/users/me', accessToken), 401, 'UNAUTHENTICATED');
      expectProblem(await test.client.post('/v1/auth/refresh', { refreshToken }), 401, 'INVALID_REFRESH_TOKEN');
    }
    expectProblem(await login(customer.user.email, PASSWORD), 401, 'INVALID_CREDENTIALS');
    const { status, body } = await login(customer.user.email, NEW_PASSWORD);
    expect(status).toBe(200);
    expect(body.user['emailVerified']).toBe(true);
    const told = await newestLetter(test, customer.user.id, 'password-changed');
    expect(told?.to.address).toBe(customer.user.email);
    expect(told?.variables['link']).toBe('https://shop.example/password/forgot');
  });

  it('is not replaced twice with one token, nor with an older one', async () => {
    const customer = await forgotten();
    await forgot(customer.user.email);
    const newer = await tokenInLetter(test, customer.user.id, 'reset-password');
    expect(newer).not.toBe(customer.token);
    expect((await reset(newer)).status).toBe(204);
    for (const token of [newer, customer.token]) expectProblem(await reset(token), 400, 'INVALID_TOKEN');
  });

  it('keeps the token good where the new password is weak', async () => {
    const { token, user } = await forgotten();
    expectProblem(await reset(token, 'password1234'), 400, 'WEAK_PASSWORD');
    expectProblem(await reset(token, user.email), 400, 'WEAK_PASSWORD');
    expect((await reset(token)).status).toBe(204);
  });

  it('has half an hour', async () => {
    const [inTime, late] = [await forgotten(), await forgotten()];
    test.clock.moveBy(HALF_AN_HOUR_MS - 5000);
    expect((await reset(inTime.token)).status).toBe(204);
    test.clock.moveBy(5000);
    expectProblem(await reset(late.token), 400, 'INVALID_TOKEN');
    expect((await login(late.user.email, PASSWORD)).status).toBe(200);
  });

  it('is replaced once, however many ask at the same moment', async () => {
    const { token } = await forgotten();
    const answers = await Promise.all(Array.from({ length: 5 }, () => reset(token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 400, 400, 400, 400]);
  });

  it('is not replaced by a token from before a change of password', async () => {
    const { token, accessToken } = await forgotten();
    const change = { currentPassword: PASSWORD, password: NEW_PASSWORD };
    const changed = await test.client.request('PUT', '/v1/users/me/password', { token: accessToken, body: change });
    expect(changed.status).toBe(204);
    expectProblem(await reset(token, 'cinq-gorgees-de-lapsang'), 400, 'INVALID_TOKEN');
  });

  it('is not replaced in an archived account: no letter is written, and an earlier token is worth nothing', async () => {
    const { token, user } = await forgotten();
    await test.database.query('UPDATE users SET is_active = false WHERE id = $1', [user.id]);
    expectProblem(await reset(token), 400, 'INVALID_TOKEN');
    expect((await forgot(user.email)).status).toBe(202);
    expect(await newestLetter(test, user.id, 'reset-password')).toBeUndefined();
  });

  it('takes no token of another purpose', async () => {
    const { user } = await registerCustomer(test);
    expectProblem(await reset(await tokenInLetter(test, user.id, 'verify-email')), 400, 'INVALID_TOKEN');
  });

  describe('of an address that nobody had verified', () => {
    // Somebody else may have registered it, and waits for its owner.
    it('takes away what whoever registered it had attached', async () => {
      const { token, user } = await forgotten();
      await attach(user.id);
      expect((await reset(token)).status).toBe(204);
      expect(await attached(user.id)).toBe(0);
    });

    it('leaves the second factor of staff: a mailbox is not enough to become an administrator', async () => {
      const { token, user } = await forgotten();
      await attach(user.id);
      await test.database.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [user.id]);
      expect((await reset(token)).status).toBe(204);
      expectProblem(await login(user.email, NEW_PASSWORD), 401, 'SECOND_FACTOR_REQUIRED');
      expect(await attached(user.id)).toBe(2);
    });

    it('leaves it, where the owner had shown before that the address is theirs', async () => {
      const { token, user } = await forgotten();
      await test.client.post('/v1/auth/email/verify', { token: await tokenInLetter(test, user.id, 'verify-email') });
      await attach(user.id);
      expect((await reset(token)).status).toBe(204);
      expect(await attached(user.id)).toBe(3);
    });

    async function attach(userId: string): Promise<void> {
      await test.database.query(
        `WITH identity AS (INSERT INTO identities (provider, subject, user_id, linked_at, last_used_at)
                           VALUES ('facebook', $1::text, $1::uuid, now(), now())),
              factor AS (INSERT INTO second_factors (user_id, sealed_secret, created_at, confirmed_at)
                         VALUES ($1::uuid, '\\x00', now(), now()))
         INSERT INTO recovery_codes (user_id, hash) VALUES ($1::uuid, sha256('x'))`,
        [userId],
      );
    }

    async function attached(userId: string): Promise<number> {
      const [row] = await test.database.query<{ count: string }[]>(
        `SELECT (SELECT count(*) FROM identities WHERE user_id = $1) + (SELECT count(*) FROM second_factors WHERE user_id = $1)
           + (SELECT count(*) FROM recovery_codes WHERE user_id = $1) AS count`,
        [userId],
      );
      return Number(row?.count);
    }
  });

  describe('asked for', () => {
    it('is answered alike for an address that nobody has; the order in the queue is for nobody', async () => {
      const known = await forgot((await signInAs(test, 'customer')).user.email);
      const before = (await waitingLetters(test, null, 'reset-password')).length;
      const unknown = await forgot('nobody.at.all@example.fr');
      expect([unknown.status, unknown.body]).toEqual([known.status, known.body]);
      expect((await waitingLetters(test, null, 'reset-password')).length).toBe(before + 1);
    });

    it.each(['', 'no address', 'a@b', 1, null])('refuses %p', async (email) => {
      expectProblem(await test.client.post('/v1/auth/password/forgot', { email }), 400, 'VALIDATION_FAILED');
    });

    it('too often sends no more letters, and says nothing of it', async () => {
      const strict = await startTestApp({
        config: { mailRequests: { account: 2, address: 5, windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 60 } },
      });
      try {
        const { user } = await registerCustomer(strict);
        const ask = (email: string) => strict.client.post('/v1/auth/password/forgot', { email });
        for (let request = 1; request <= 4; request++) expect((await ask(user.email)).status).toBe(202);
        expect(await waitingLetters(strict, user.id, 'reset-password')).toHaveLength(2);
        expect((await ask('another@example.fr')).status).toBe(202);
        const refused = await ask('yet.another@example.fr');
        expectProblem(refused, 429, 'TOO_MANY_ATTEMPTS');
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      } finally {
        await strict.stop();
      }
    });
  });

  it('tries no passwords without end with one token, which stays good', async () => {
    const strict = await startTestApp({
      config: { registrations: { address: 3, windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 60 } },
    });
    try {
      const { user } = await registerCustomer(strict);
      await strict.client.post('/v1/auth/password/forgot', { email: user.email });
      const token = await tokenInLetter(strict, user.id, 'reset-password');
      const set = (password: string) => strict.client.post('/v1/auth/password/reset', { token, password });
      for (let n = 0; n < 2; n++) expectProblem(await set('password1234'), 400, 'WEAK_PASSWORD');
      expectProblem(await set('password1234'), 429, 'TOO_MANY_ATTEMPTS');
      await strict.database.query('DELETE FROM attempt_budgets');
      expect((await set(NEW_PASSWORD)).status).toBe(204);
    } finally {
      await strict.stop();
    }
  });
});
