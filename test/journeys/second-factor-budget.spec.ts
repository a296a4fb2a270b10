import { type Authenticator, totpOf, turnOnSecondFactor, wrongTotp } from '../support/authenticator';
import { PASSWORD, registerCustomer, type SessionBody } from '../support/builders';
import { startDocumentedApp } from '../support/openapi-match';
import { expectProblem, tally } from '../support/problem';
import type { TestApp } from '../support/test-app';

const TRIES = 3;
/** Where the owners of the accounts below registered from. */
const HOME = '198.51.100.1';

interface Person {
  email: string;
  session: SessionBody;
  authenticator: Authenticator;
}

describe('The budget of wrong second factors', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    const config = {
      trustedProxies: ['127.0.0.1'],
      loginAttempts: {
        account: TRIES,
        address: 100_000,
        everywhere: 100_000,
        underPressure: 100_000,
        windowSeconds: 900,
        blockSeconds: 60,
        maxBlockSeconds: 3600,
      },
    };
    test = await startDocumentedApp({ config });
    replica = await test.replica();
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const login = (email: string, secondFactor: string | undefined, address: string, { client } = test) =>
    client.post<SessionBody>('/v1/auth/login', { email, password: PASSWORD, secondFactor }, undefined, {
      'x-forwarded-for': address,
    });

  async function person(): Promise<Person> {
    const session = await registerCustomer(test);
    const { email } = session.user;
    expect((await login(email, undefined, HOME)).status).toBe(200);
    return { email, session, authenticator: await turnOnSecondFactor(test, session) };
  }

  /** Somebody who knows the password tries codes, from a different network each time. */
  async function guess({ email, authenticator }: Person, times: number, network: string): Promise<void> {
    for (let n = 1; n <= times; n++) {
      const answer = await login(email, authenticator.wrongCode(), `${network}.${n.toString()}`);
      expectProblem(answer, 401, 'INVALID_SECOND_FACTOR');
    }
  }

  it('hears no more codes than it bears, from all networks together, and then not the right one either', async () => {
    const victim = await person();
    await guess(victim, TRIES, '192.0.2');
    const right = totpOf(victim.authenticator.secret, new Date(test.clock.now().getTime() + 30_000));
    for (const [code, address] of [
      [victim.authenticator.wrongCode(), '192.0.2.77'],
      [right, '192.0.2.1'],
      [right, '192.0.2.78'],
    ] as const) {
      const refused = await login(victim.email, code, address);
      expectProblem(refused, 429, 'TOO_MANY_ATTEMPTS');
      const seconds = Number(refused.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60);
      expectProblem(await login(victim.email, code, address, replica), 429, 'TOO_MANY_ATTEMPTS');
    }
    const warnings = test
      .logLines()
      .filter(({ level, userId }) => level === 'warn' && userId === victim.session.user.id);
    expect(warnings).toHaveLength(1);
  });

  it('leaves the owner two ways in: where they were signed in before, and a recovery code', async () => {
    const victim = await person();
    await guess(victim, TRIES, '192.0.2');
    const { email, authenticator } = victim;
    expectProblem(await login(email, authenticator.code(), '203.0.113.1'), 429, 'TOO_MANY_ATTEMPTS');
    expect((await login(email, authenticator.code(), HOME)).status).toBe(200);
    expect((await login(email, authenticator.recoveryCodes[0], '203.0.113.1')).status).toBe(200);
    // That network is known from then on.
    expect((await login(email, authenticator.code(), '203.0.113.1')).status).toBe(200);
  });

  it('takes no network for known from which only the password was shown', async () => {
    const victim = await person();
    expectProblem(await login(victim.email, undefined, '203.0.113.9'), 401, 'SECOND_FACTOR_REQUIRED');
    await guess(victim, TRIES, '192.0.2');
    const right = await login(victim.email, victim.authenticator.code(), '203.0.113.9');
    expectProblem(right, 429, 'TOO_MANY_ATTEMPTS');
  });

  it('bears no more from a network that is known', async () => {
    const { email, authenticator } = await person();
    const wrong = () => login(email, authenticator.wrongCode(), HOME);
    const answers = [await wrong(), await wrong(), await wrong(), await wrong()];
    expect(tally(answers)).toEqual({ '401 INVALID_SECOND_FACTOR': TRIES, '429 TOO_MANY_ATTEMPTS': 1 });
    expectProblem(await login(email, authenticator.code(), HOME), 429, 'TOO_MANY_ATTEMPTS');
  });

  it('is nobody else’s, and counts neither a missing code nor a wrong password', async () => {
    const [victim, neighbour] = [await person(), await person()];
    await guess(victim, TRIES, '192.0.2');
    expect((await login(neighbour.email, neighbour.authenticator.code(), '192.0.2.1')).status).toBe(200);
    const another = await person();
    for (let n = 0; n <= TRIES; n++) {
      expectProblem(await login(another.email, undefined, '192.0.2.1'), 401, 'SECOND_FACTOR_REQUIRED');
    }
    expect((await login(another.email, another.authenticator.code(), '192.0.2.1')).status).toBe(200);
  });

  it('forgives at a success', async () => {
    const victim = await person();
    for (const address of ['203.0.113.1', '203.0.113.2']) {
      await guess(victim, TRIES - 1, '192.0.2');
      expect((await login(victim.email, victim.authenticator.code(), address)).status).toBe(200);
    }
    await guess(victim, TRIES, '192.0.2');
    expectProblem(await login(victim.email, victim.authenticator.code(), '192.0.2.1'), 429, 'TOO_MANY_ATTEMPTS');
  });

  it('counts for who is signed in and tries to turn it off', async () => {
    const { session, authenticator } = await person();
    const turnOff = (code: string) =>
      test.client.request('DELETE', '/v1/users/me/second-factor', { body: { code }, token: session.accessToken });
    for (let n = 0; n < TRIES; n++) {
      expectProblem(await turnOff(authenticator.wrongCode()), 401, 'INVALID_SECOND_FACTOR');
    }
    expectProblem(await turnOff(authenticator.code()), 429, 'TOO_MANY_ATTEMPTS');
    expect((await turnOff(authenticator.recoveryCodes[0] ?? '')).status).toBe(204);
  });

  it('counts for who is signed in and guesses at an authenticator that is not on yet, and for nothing else', async () => {
    const session = await registerCustomer(test);
    const { accessToken } = session;
    const path = '/v1/users/me/second-factor';
    const setUp = () => test.client.post<{ secret: string }>(path, { currentPassword: PASSWORD }, accessToken);
    const confirm = (code: string) => test.client.post(`${path}/confirm`, { code }, accessToken);
    const { secret } = (await setUp()).body;
    for (let n = 0; n < TRIES; n++) {
      expectProblem(await confirm(wrongTotp(secret, test.clock.now())), 401, 'INVALID_SECOND_FACTOR');
    }
    expectProblem(await confirm(totpOf(secret, test.clock.now())), 429, 'TOO_MANY_ATTEMPTS');
    // Who shows the password gets a secret that nobody has guessed at, and signs in with it from anywhere.
    const authenticator = await turnOnSecondFactor(test, session);
    expect((await login(session.user.email, authenticator.code(), '192.0.2.1')).status).toBe(200);
  });

  it('hears no more of those sent all at once, on two replicas', async () => {
    const { email, authenticator } = await person();
    const code = authenticator.wrongCode();
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, n) => login(email, code, `192.0.2.${n.toString()}`, n % 2 === 0 ? test : replica)),
    );
    const { '401 INVALID_SECOND_FACTOR': heard = 0, ...others } = tally(answers);
    expect(heard).toBeLessThanOrEqual(TRIES);
    expect(others).toEqual({ '429 TOO_MANY_ATTEMPTS': 24 - heard });
  });
});
