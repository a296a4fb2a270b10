import { PASSWORD, registerCustomer, registration, type SessionBody } from '../support/builders';
import { startDocumentedApp } from '../support/openapi-match';
import { expectProblem, tally } from '../support/problem';
import { queriesDuring } from '../support/query-spy';
import type { TestApp } from '../support/test-app';

const WRONG = 'quatre-tasses-de-sencha';
const ACCOUNT = 4;
const ADDRESS = 8;
const EVERYWHERE = 10;
const UNDER_PRESSURE = 1;
const REGISTRATIONS = 5;
const HEARD = '401 INVALID_CREDENTIALS';
const REFUSED = '429 TOO_MANY_ATTEMPTS';

const budget = { windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 3600 };
const config = {
  trustedProxies: ['127.0.0.1'],
  loginAttempts: {
    ...budget,
    account: ACCOUNT,
    address: ADDRESS,
    everywhere: EVERYWHERE,
    underPressure: UNDER_PRESSURE,
  },
};

const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });

let networks = 0;
/** An address from which nobody came before. */
function freshNetwork(): string {
  networks++;
  return `10.${(networks >> 8).toString()}.${(networks & 255).toString()}.1`;
}

describe('Under attack', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp({ config });
    replica = await test.replica();
  });
  afterAll(async () => {
    await test.stop();
  });

  const login = (email: string, password: string, address: string, { client } = test) =>
    client.post<SessionBody>('/v1/auth/login', { email, password }, undefined, from(address));

  /** An account and the network that its owner has signed in from. */
  async function owner(): Promise<{ email: string; home: string }> {
    const home = freshNetwork();
    const { body } = await test.client.post<SessionBody>('/v1/auth/register', registration(), undefined, from(home));
    return { email: body.user.email, home };
  }

  /** Wrong passwords from many networks, each once, until the account has had too many. */
  async function press(email: string): Promise<void> {
    for (let n = 0; n <= EVERYWHERE; n++) {
      expectProblem(await login(email, WRONG, freshNetwork()), 401, 'INVALID_CREDENTIALS');
    }
  }

  it('from 200 addresses an account bears so many guesses and no more, and its owner is not locked out', async () => {
    const { email, home } = await owner();
    const guesses = Array.from({ length: 200 }, freshNetwork).flatMap((address) => [address, address]);
    const answers: Awaited<ReturnType<typeof login>>[] = [];
    for (let n = 0; n < guesses.length; n += 8) {
      const some = guesses.slice(n, n + 8);
      answers.push(
        ...(await Promise.all(some.map((address, k) => login(email, WRONG, address, k % 2 ? test : replica)))),
      );
    }
    const { [HEARD]: heard = 0, [REFUSED]: refused = 0 } = tally(answers);
    expect(heard + refused).toBe(guesses.length);
    expect(heard).toBeLessThanOrEqual(EVERYWHERE + 1 + 200 * UNDER_PRESSURE);
    // From where the owner has been, with a slip as on any other day.
    expectProblem(await login(email, WRONG, home), 401, 'INVALID_CREDENTIALS');
    expectProblem(await login(email, WRONG, home), 401, 'INVALID_CREDENTIALS');
    expect((await login(email, PASSWORD, home)).status).toBe(200);
    // And from where they never were.
    expect((await login(email, PASSWORD, freshNetwork())).status).toBe(200);
    expect((await login(email, PASSWORD, freshNetwork(), replica)).status).toBe(200);
  });

  it('a network that is not known gets the smaller budget, for the right password after it as well', async () => {
    const { email, home } = await owner();
    const before = freshNetwork();
    for (let n = 0; n < UNDER_PRESSURE + 1; n++) {
      expectProblem(await login(email, WRONG, before), 401, 'INVALID_CREDENTIALS');
    }
    await press(email);
    const after = freshNetwork();
    expectProblem(await login(email, WRONG, after), 401, 'INVALID_CREDENTIALS');
    for (const [address, service] of [
      [before, test],
      [after, test],
      [after, replica],
    ] as const) {
      const answer = await login(email, PASSWORD, address, service);
      expectProblem(answer, 429, 'TOO_MANY_ATTEMPTS');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    }
    for (let n = 0; n <= UNDER_PRESSURE; n++) {
      expectProblem(await login(email, WRONG, home, replica), 401, 'INVALID_CREDENTIALS');
    }
    expect((await login(email, PASSWORD, home)).status).toBe(200);
  });

  it('a network becomes known by a sign-in, and is forgotten after thirty days', async () => {
    const { email } = await owner();
    const shop = freshNetwork();
    expect((await login(email, PASSWORD, shop)).status).toBe(200);
    await press(email);
    const slips = async () => [await login(email, WRONG, shop), await login(email, WRONG, shop)];
    expect(tally(await slips())).toEqual({ [HEARD]: 2 });
    expect((await login(email, PASSWORD, shop)).status).toBe(200);

    const rows = await test.database.query<{ expire: string }[]>(
      `SELECT expire FROM attempt_budgets WHERE key LIKE 'login-known:%' ORDER BY expire DESC LIMIT 1`,
    );
    const days = (Number(rows[0]?.expire) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    expect(days).toBeLessThanOrEqual(30);
    await test.database.query(`UPDATE attempt_budgets SET expire = 0 WHERE key LIKE 'login-known:%'`);
    expect(tally(await slips())).toEqual({ [HEARD]: 1, [REFUSED]: 1 });
  });

  it('one network that tries many accounts is stopped, and those who are known there are not', async () => {
    const shop = freshNetwork();
    const { body: regular } = await test.client.post<SessionBody>(
      '/v1/auth/register',
      registration(),
      undefined,
      from(shop),
    );
    const victims = [await owner(), await owner()];
    const stuffed = Array.from({ length: ADDRESS + 1 }, (_, n) => `leaked${n.toString()}@example.fr`);
    for (const email of stuffed) expectProblem(await login(email, WRONG, shop), 401, 'INVALID_CREDENTIALS');
    for (const { email, home } of victims) {
      expectProblem(await login(email, PASSWORD, shop), 429, 'TOO_MANY_ATTEMPTS');
      expectProblem(await login(email, PASSWORD, shop, replica), 429, 'TOO_MANY_ATTEMPTS');
      expect((await login(email, PASSWORD, home)).status).toBe(200);
    }
    expectProblem(await login(regular.user.email, WRONG, shop), 401, 'INVALID_CREDENTIALS');
    expect((await login(regular.user.email, PASSWORD, shop)).status).toBe(200);
  });

  it('guesses sent all at once learn no more than the budget bears', async () => {
    const { email } = await owner();
    const address = freshNetwork();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => login(email, WRONG, address, n % 2 ? test : replica)),
    );
    const { [HEARD]: heard = 0, [REFUSED]: refused = 0 } = tally(answers);
    expect(heard).toBeLessThanOrEqual(ACCOUNT + 1);
    expect(heard + refused).toBe(30);
  });

  it('an e-mail that nobody has is treated as any other', async () => {
    const { email } = await owner();
    const script = async (address: string): Promise<unknown[]> => {
      const answers: unknown[] = [];
      const network = freshNetwork();
      for (let n = 0; n < EVERYWHERE + 4; n++) {
        const { status, body } = await login(address, WRONG, n < ACCOUNT + 2 ? network : freshNetwork());
        // How long to wait goes by the second.
        answers.push([status, JSON.stringify({ ...body, requestId: '' }).replace(/\d+ secondes/, 'n secondes')]);
      }
      return answers;
    };
    expect(await script('nobody@example.fr')).toEqual(await script(email));
    const work = async (address: string) =>
      (await queriesDuring(() => login(address, WRONG, freshNetwork()))).map((sql) => sql.replace(/\s+/g, ' ')).sort();
    const done = await work('nobody-else@example.fr');
    expect(done.length).toBeGreaterThan(3);
    expect(await work((await owner()).email)).toEqual(done);
  });

  it('no address stands in the table of budgets beside an account', async () => {
    const keys = await test.database.query<{ key: string }[]>(
      `SELECT key FROM attempt_budgets WHERE key ~ '^login-(pair|known|everywhere)'`,
    );
    expect(keys.length).toBeGreaterThan(3);
    expect(keys.filter(({ key }) => !/^login-\w+(-blocks)?:[\w-]{43}$/.test(key))).toEqual([]);
  });
});

describe('Registrations from one network', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp({
      config: { trustedProxies: ['127.0.0.1'], registrations: { ...budget, address: REGISTRATIONS } },
    });
  });
  afterAll(async () => {
    await test.stop();
  });

  const register = (address: string, overrides: Record<string, unknown> = {}) =>
    test.client.post('/v1/auth/register', registration(overrides), undefined, from(address));

  it('are counted, made and refused alike, and pause after so many', async () => {
    const { user } = await registerCustomer(test);
    const outcomes = [
      await register('192.0.2.1'),
      await register('192.0.2.1', { email: user.email }),
      await register('192.0.2.1', { password: 'motdepasse1' }),
      await register('192.0.2.1', { acceptTerms: false }),
      await register('192.0.2.1'),
    ];
    expect(outcomes.map(({ status }) => status)).toEqual([201, 409, 400, 400, 201]);
    for (const overrides of [{}, { email: user.email }]) {
      const refused = await register('192.0.2.1', overrides);
      expectProblem(refused, 429, 'TOO_MANY_ATTEMPTS');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    }
    expect((await register('192.0.2.2')).status).toBe(201);
  });

  it('take a whole IPv6 network for one', async () => {
    for (let n = 0; n < REGISTRATIONS; n++) {
      expect((await register(`2001:db8:1:2::${n.toString()}`)).status).toBe(201);
    }
    expectProblem(await register('2001:db8:1:2:ffff::1'), 429, 'TOO_MANY_ATTEMPTS');
    expect((await register('2001:db8:1:3::1')).status).toBe(201);
  });
});
