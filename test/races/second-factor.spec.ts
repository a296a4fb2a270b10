import { nextTotp, turnOnSecondFactor } from '../support/authenticator';
import { PASSWORD, registerCustomer, type SessionBody } from '../support/builders';
import { startDocumentedApp } from '../support/openapi-match';
import { tally } from '../support/problem';
import type { TestApp } from '../support/test-app';

const AT_ONCE = 20;
const ROUNDS = 3;
const PATH = '/v1/users/me/second-factor';

describe('A second factor, many times at once, on two replicas', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
    replica = await test.replica();
  });
  afterEach(() => {
    test.clock.reset();
    replica.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const either = (n: number): TestApp => (n % 2 === 0 ? test : replica);
  const login = (n: number, email: string, secondFactor: string | undefined) =>
    either(n).client.post<SessionBody>('/v1/auth/login', { email, password: PASSWORD, secondFactor });
  const atOnce = <T>(work: (n: number) => Promise<T>) =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, n) => work(n)));
  const sessionsOf = async (userId: string) =>
    (await test.database.query<unknown[]>('SELECT FROM sessions WHERE user_id = $1', [userId])).length;

  it.each(['code of the authenticator', 'recovery code'])('lets one in with one %s', async (kind) => {
    for (let round = 0; round < ROUNDS; round++) {
      const session = await registerCustomer(test);
      const { secret, recoveryCodes } = await turnOnSecondFactor(test, session);
      replica.clock.moveTo(new Date(test.clock.now().getTime() + 30_000));
      const code = kind === 'recovery code' ? recoveryCodes[0] : nextTotp(test, secret);
      const answers = await atOnce((n) => login(n, session.user.email, code));
      expect(tally(answers)).toEqual({ '200': 1, '401 INVALID_SECOND_FACTOR': AT_ONCE - 1 });
      expect(await sessionsOf(session.user.id)).toBe(2);
      test.clock.reset();
    }
  });

  it('lets each recovery code in once, all of them sent twice', async () => {
    const session = await registerCustomer(test);
    const { recoveryCodes } = await turnOnSecondFactor(test, session);
    const answers = await atOnce((n) => login(n, session.user.email, recoveryCodes[n % recoveryCodes.length]));
    expect(tally(answers)).toEqual({ '200': 10, '401 INVALID_SECOND_FACTOR': 10 });
  });

  it('ends up with the recovery codes that were given last, where all of them are used to get new ones', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { user, accessToken } = await registerCustomer(test);
      const { recoveryCodes } = await turnOnSecondFactor(test, { user, accessToken } as SessionBody);
      const answers = await Promise.all(
        recoveryCodes.map((code, n) =>
          either(n).client.post<{ recoveryCodes: string[] }>(`${PATH}/recovery-codes`, { code }, accessToken),
        ),
      );
      // The first one voids all the others.
      expect(tally(answers)).toEqual({ '200': 1, '401 INVALID_SECOND_FACTOR': 9 });
      const [given = ''] = answers.find(({ status }) => status === 200)?.body.recoveryCodes ?? [];
      expect((await login(0, user.email, given)).status).toBe(200);
    }
  });

  it('is on or off, and nobody meets an error, where it is turned off while people sign in', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const session = await registerCustomer(test);
      const { recoveryCodes } = await turnOnSecondFactor(test, session);
      const [off, ...logins] = await Promise.all([
        test.client.request('DELETE', PATH, { body: { code: recoveryCodes[0] }, token: session.accessToken }),
        ...recoveryCodes.slice(1).map((code, n) => login(n, session.user.email, code)),
      ]);
      expect(off.status).toBe(204);
      // With the factor, or without once it is off.
      expect(tally(logins)).toEqual({ '200': 9 });
      expect((await login(0, session.user.email, undefined)).status).toBe(200);
    }
  });

  it('is confirmed once', async () => {
    const session = await registerCustomer(test);
    const { accessToken } = session;
    const begun = await test.client.post<{ secret: string }>(PATH, { currentPassword: PASSWORD }, accessToken);
    const code = nextTotp(test, begun.body.secret);
    replica.clock.moveTo(test.clock.now());
    const answers = await atOnce((n) =>
      either(n).client.post<{ recoveryCodes: string[] }>(`${PATH}/confirm`, { code }, accessToken),
    );
    expect(tally(answers)).toEqual({ '200': 1, '409 SECOND_FACTOR_NOT_ON': AT_ONCE - 1 });
    const given = answers.find(({ status }) => status === 200)?.body.recoveryCodes[0];
    expect((await login(1, session.user.email, given)).status).toBe(200);
  });
});
