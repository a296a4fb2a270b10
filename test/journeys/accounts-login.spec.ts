import { PASSWORD, type ProblemBody, registerCustomer, type SessionBody } from '../support/builders';
import { startDocumentedApp } from '../support/openapi-match';
import type { TestApp } from '../support/test-app';

const WRONG = 'quatre-tasses-de-sencha';

type LoginBody = SessionBody & ProblemBody;

function login(
  { client }: TestApp,
  email: string,
  password: string,
  headers: Record<string, string> = {},
): ReturnType<TestApp['client']['post']> & Promise<{ status: number; body: LoginBody; headers: Headers }> {
  return client.post<LoginBody>('/v1/auth/login', { email, password }, undefined, headers);
}

/** As a browser behind the trusted proxy of this machine. */
const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });

describe('Signing in', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
  });
  afterAll(async () => {
    await test.stop();
  });

  it('answers the account and a new pair of tokens', async () => {
    const registered = await registerCustomer(test, { newsletter: true, gender: 'other' });
    const { status, body } = await login(test, registered.user.email, PASSWORD);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['accessToken', 'expiresIn', 'refreshToken', 'tokenType', 'user']);
    expect(body.user).toEqual(registered.user);
    expect(body).toMatchObject({ tokenType: 'Bearer', expiresIn: test.config.accessTokenTtlSeconds });
    expect(body.accessToken).not.toBe(registered.accessToken);
    expect(body.refreshToken).not.toBe(registered.refreshToken);
    expect((await test.client.get('/v1/users/me', body.accessToken)).status).toBe(200);
    expect((await test.client.get('/v1/users/me', registered.accessToken)).status).toBe(200);
  });

  it('says the same of an unknown e-mail and of a wrong password', async () => {
    const { user } = await registerCustomer(test);
    const wrong = await login(test, user.email, WRONG);
    const unknown = await login(test, 'nobody@example.fr', WRONG);
    expect(wrong.status).toBe(401);
    expect(wrong.body.code).toBe('INVALID_CREDENTIALS');
    expect({ ...unknown.body, requestId: '' }).toEqual({ ...wrong.body, requestId: '' });
    const names = ({ headers }: { headers: Headers }) => [...headers.keys()].sort();
    expect(unknown.status).toBe(401);
    expect(names(unknown)).toEqual(names(wrong));
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('lets no account without a password in', async () => {
    const { user } = await registerCustomer(test);
    await test.database.query('UPDATE users SET password_hash = NULL WHERE id = $1', [user.id]);
    for (const password of [PASSWORD, 'null', 'a password that nobody has']) {
      expect((await login(test, user.email, password)).body.code).toBe('INVALID_CREDENTIALS');
    }
  });

  it('tells that an account is archived to nobody but who knows its password', async () => {
    const { user } = await registerCustomer(test);
    await test.database.query('UPDATE users SET is_active = false WHERE id = $1', [user.id]);
    expect((await login(test, user.email, WRONG)).body.code).toBe('INVALID_CREDENTIALS');
    expect(await login(test, user.email, PASSWORD)).toMatchObject({ status: 403, body: { code: 'ACCOUNT_ARCHIVED' } });
    const sessions = await test.database.query<unknown[]>('SELECT id FROM sessions WHERE user_id = $1', [user.id]);
    expect(sessions).toHaveLength(1);
    await test.database.query('UPDATE users SET is_active = true WHERE id = $1', [user.id]);
    expect((await login(test, user.email, PASSWORD)).status).toBe(200);
  });

  it.each<[string, unknown, string[]]>([
    ['nothing', {}, ['email', 'password']],
    ['an empty password', { email: 'a@example.fr', password: '' }, ['password']],
    ['an operator for a password', { email: 'a@example.fr', password: { $ne: '' } }, ['password']],
    ['a password beyond all that can be set', { email: 'a@example.fr', password: 'x'.repeat(129) }, ['password']],
    ['a field too many', { email: 'a@example.fr', password: 'x', remember: true }, ['remember']],
  ])('refuses %s with the paths', async (_, body, paths) => {
    const response = await test.client.post<ProblemBody>('/v1/auth/login', body);
    expect(response).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    expect(response.body.errors?.map(({ path }) => path).sort()).toEqual(paths);
  });
});

describe('The budget of wrong passwords', () => {
  const ACCOUNT = 3;
  const ADDRESS = 6;
  let test: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp({
      config: {
        trustedProxies: ['127.0.0.1'],
        loginAttempts: {
          account: ACCOUNT,
          address: ADDRESS,
          everywhere: 100_000,
          underPressure: 100_000,
          windowSeconds: 900,
          blockSeconds: 60,
          maxBlockSeconds: 3600,
        },
      },
    });
  });
  afterAll(async () => {
    await test.stop();
  });

  async function guess(email: string, times: number, address: string): Promise<void> {
    for (let attempt = 0; attempt < times; attempt++) {
      expect((await login(test, email, WRONG, from(address))).status).toBe(401);
    }
  }

  it('pauses after the last one borne, for the right password as well, and says how long', async () => {
    const { user } = await registerCustomer(test);
    await guess(user.email, ACCOUNT + 1, '192.0.2.1');
    for (const password of [WRONG, PASSWORD]) {
      const refused = await login(test, user.email, password, { ...from('192.0.2.1'), 'accept-language': 'en' });
      expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_ATTEMPTS' } });
      const seconds = Number(refused.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60);
      expect(refused.body.detail).toBe(`Too many failed attempts: try again in ${String(seconds)} seconds.`);
    }
  });

  it('does not lock the owner out who comes from another address, nor another account on the same', async () => {
    const [victim, neighbour] = [await registerCustomer(test), await registerCustomer(test)];
    await guess(victim.user.email, ACCOUNT + 1, '192.0.2.2');
    expect((await login(test, victim.user.email, PASSWORD, from('192.0.2.2'))).status).toBe(429);
    expect((await login(test, victim.user.email, PASSWORD, from('192.0.2.3'))).status).toBe(200);
    expect((await login(test, neighbour.user.email, PASSWORD, from('192.0.2.2'))).status).toBe(200);
  });

  it('is not widened by guesses that are sent all at once', async () => {
    // Three times: it depends on the moment whether the right one came in before the first failures were counted.
    for (let round = 0; round < 3; round++) {
      const { user } = await registerCustomer(test);
      const guesses = Array.from({ length: 28 }, (_, n) => (n === 16 ? PASSWORD : WRONG));
      const address = `192.0.2.${String(90 + round)}`;
      const answers = await Promise.all(guesses.map((password) => login(test, user.email, password, from(address))));
      expect(answers.filter(({ status }) => status !== 401 && status !== 429)).toEqual([]);
    }
  });

  it('reads the address that the trusted proxy saw, not those that a client wrote before it', async () => {
    const { user } = await registerCustomer(test);
    for (let attempt = 0; attempt <= ACCOUNT; attempt++) {
      await guess(user.email, 1, `203.0.113.${String(attempt)}, 192.0.2.10`);
    }
    expect((await login(test, user.email, PASSWORD, from('192.0.2.10'))).status).toBe(429);
  });

  it('counts an address over all accounts, known or not', async () => {
    const { user } = await registerCustomer(test);
    for (let guessed = 0; guessed <= ADDRESS; guessed++) {
      await guess(`unknown${String(guessed)}@example.fr`, 1, '192.0.2.4');
    }
    expect((await login(test, user.email, PASSWORD, from('192.0.2.4'))).status).toBe(429);
    expect((await login(test, user.email, PASSWORD, from('192.0.2.5'))).status).toBe(200);
  });

  it('forgives the account’s failures at a success', async () => {
    const { user } = await registerCustomer(test);
    await guess(user.email, ACCOUNT, '192.0.2.6');
    expect((await login(test, user.email, PASSWORD, from('192.0.2.6'))).status).toBe(200);
    await guess(user.email, ACCOUNT, '192.0.2.6');
    expect((await login(test, user.email, PASSWORD, from('192.0.2.6'))).status).toBe(200);
  });

  it('counts the spellings of one address as one', async () => {
    const { user } = await registerCustomer(test, { email: 'budget@example.fr' });
    const spellings = ['BUDGET@example.fr', 'budget@EXAMPLE.fr', 'ｂｕｄｇｅｔ@example.fr', 'budget@example.fr'];
    for (const email of spellings) await guess(email, 1, '192.0.2.7');
    expect((await login(test, user.email, PASSWORD, from('192.0.2.7'))).status).toBe(429);
  });

  it('keeps no e-mail address in the table of budgets', async () => {
    const rows = await test.database.query<{ key: string }[]>('SELECT key FROM attempt_budgets');
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ key }) => key.includes('@') || key.includes('example'))).toEqual([]);
  });

  it('holds on every replica', async () => {
    const replica = await test.replica();
    const { user } = await registerCustomer(test);
    await guess(user.email, ACCOUNT + 1, '192.0.2.8');
    expect((await login(replica, user.email, PASSWORD, from('192.0.2.8'))).status).toBe(429);
  });
});

describe('Behind no trusted proxy', () => {
  it('believes no X-Forwarded-For: a guesser does not get a new budget by inventing addresses', async () => {
    const test = await startDocumentedApp({
      config: {
        trustedProxies: ['10.0.0.0/8'],
        loginAttempts: {
          account: 2,
          address: 100,
          everywhere: 100_000,
          underPressure: 100_000,
          windowSeconds: 900,
          blockSeconds: 60,
          maxBlockSeconds: 60,
        },
      },
    });
    try {
      const { user } = await registerCustomer(test);
      const statuses: number[] = [];
      for (let attempt = 1; attempt <= 4; attempt++) {
        statuses.push((await login(test, user.email, WRONG, from(`192.0.2.${String(attempt)}`))).status);
      }
      expect(statuses).toEqual([401, 401, 401, 429]);
    } finally {
      await test.stop();
    }
  });
});
