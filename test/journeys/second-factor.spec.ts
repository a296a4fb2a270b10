import { createHash } from 'node:crypto';
import { type Authenticator, nextTotp, totpOf, turnOnSecondFactor, wrongTotp } from '../support/authenticator';
import { PASSWORD, type ProblemBody, registerCustomer, type SessionBody } from '../support/builders';
import { newestLetter, waitingLetters } from '../support/letters';
import { startDocumentedApp } from '../support/openapi-match';
import { expectInvalid, expectProblem } from '../support/problem';
import type { TestApp } from '../support/test-app';

const WRONG = 'quatre-tasses-de-sencha';
const PATH = '/v1/users/me/second-factor';

interface SetUp extends ProblemBody {
  secret: string;
  otpauthUri: string;
}

describe('A second factor', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const state = async (token: string) => (await test.client.get(PATH, token)).body;
  const setUp = (token: string, body: object = { currentPassword: PASSWORD }) =>
    test.client.post<SetUp>(PATH, body, token);
  const confirm = (token: string, code: string) =>
    test.client.post<{ recoveryCodes: string[] }>(`${PATH}/confirm`, { code }, token);
  const turnOff = (token: string, code: string) => test.client.request('DELETE', PATH, { body: { code }, token });
  const login = (email: string, secondFactor?: string, password = PASSWORD) =>
    test.client.post<SessionBody>('/v1/auth/login', { email, password, ...(secondFactor ? { secondFactor } : {}) });

  async function withSecondFactor(): Promise<{ session: SessionBody; email: string; authenticator: Authenticator }> {
    const session = await registerCustomer(test);
    return { session, email: session.user.email, authenticator: await turnOnSecondFactor(test, session) };
  }

  describe('being set up', () => {
    it('counts from the first code shown, and gives ten recovery codes', async () => {
      const { user, accessToken } = await registerCustomer(test);
      const off = { enabled: false, required: false, recoveryCodesLeft: 0, since: null };
      expect(await state(accessToken)).toEqual(off);

      const begun = await setUp(accessToken);
      expect(begun.status).toBe(201);
      expect(begun.body.secret).toMatch(/^[A-Z2-7]{32}$/);
      const uri = new URL(begun.body.otpauthUri);
      expect(uri.searchParams.get('secret')).toBe(begun.body.secret);
      expect(decodeURIComponent(uri.pathname)).toContain(user.email);
      expect(await state(accessToken)).toEqual(off);
      expect((await login(user.email)).status).toBe(200);

      const now = test.clock.now();
      const confirmed = await confirm(accessToken, totpOf(begun.body.secret, now));
      expect(confirmed.status).toBe(200);
      expect(new Set(confirmed.body.recoveryCodes).size).toBe(10);
      const on = (await state(accessToken)) as { since: string };
      expect(on).toMatchObject({ enabled: true, required: false, recoveryCodesLeft: 10 });
      expect(Math.abs(Date.parse(on.since) - now.getTime())).toBeLessThan(10_000);
      expectProblem(await login(user.email), 401, 'SECOND_FACTOR_REQUIRED');
    });

    it('asks for the password, of an account that has one', async () => {
      const { user, accessToken } = await registerCustomer(test);
      expectInvalid(await setUp(accessToken, {}), 'currentPassword');
      expectInvalid(await setUp(accessToken, { currentPassword: '' }), 'currentPassword');
      expectProblem(await setUp(accessToken, { currentPassword: WRONG }), 401, 'INVALID_CREDENTIALS');
      expect(await test.database.query('SELECT FROM second_factors WHERE user_id = $1', [user.id])).toEqual([]);
      await test.database.query('UPDATE users SET password_hash = NULL WHERE id = $1', [user.id]);
      expect((await setUp(accessToken, {})).status).toBe(201);
    });

    it('takes the newest secret only, and no wrong code', async () => {
      const { accessToken } = await registerCustomer(test);
      const first = (await setUp(accessToken)).body.secret;
      const second = (await setUp(accessToken)).body.secret;
      expect(second).not.toBe(first);
      const now = test.clock.now();
      expectProblem(await confirm(accessToken, totpOf(first, now)), 401, 'INVALID_SECOND_FACTOR');
      expectProblem(await confirm(accessToken, wrongTotp(second, now)), 401, 'INVALID_SECOND_FACTOR');
      expect(await state(accessToken)).toMatchObject({ enabled: false, recoveryCodesLeft: 0 });
      expect((await confirm(accessToken, totpOf(second, now))).status).toBe(200);
    });

    it('has nothing to confirm before it was begun, nor after', async () => {
      const { accessToken } = await registerCustomer(test);
      expectProblem(await confirm(accessToken, '123456'), 409, 'SECOND_FACTOR_NOT_ON');
      const { code } = await turnOnSecondFactor(test, { accessToken } as SessionBody);
      expectProblem(await confirm(accessToken, code()), 409, 'SECOND_FACTOR_NOT_ON');
      expectProblem(await setUp(accessToken), 409, 'SECOND_FACTOR_ALREADY_ON');
    });

    it('is for who is signed in, and takes one code', async () => {
      for (const [method, path] of [
        ['GET', ''],
        ['POST', ''],
        ['POST', '/confirm'],
        ['POST', '/recovery-codes'],
        ['DELETE', ''],
      ] as const) {
        const body = method === 'GET' ? {} : { body: {} };
        expectProblem(await test.client.request(method, PATH + path, body), 401, 'UNAUTHENTICATED');
      }
      const { accessToken } = await registerCustomer(test);
      for (const code of [undefined, '', 123456, 'x'.repeat(65)]) {
        expectInvalid(await test.client.post(`${PATH}/confirm`, { code }, accessToken), 'code');
      }
    });

    it('leaves nothing to make codes of in the database or in the log', async () => {
      const { session, authenticator } = await withSecondFactor();
      const [factor] = await test.database.query<{ sealed_secret: Buffer }[]>(
        'SELECT sealed_secret FROM second_factors WHERE user_id = $1',
        [session.user.id],
      );
      const { secret, recoveryCodes } = authenticator;
      expect(factor?.sealed_secret.toString('latin1')).not.toContain(secret);
      const rows = await test.database.query<{ hash: string }[]>(
        `SELECT encode(hash, 'hex') AS hash FROM recovery_codes WHERE user_id = $1`,
        [session.user.id],
      );
      const sha256 = (code: string) => createHash('sha256').update(code.replaceAll('-', '')).digest('hex');
      expect(rows.map(({ hash }) => hash).sort()).toEqual(recoveryCodes.map(sha256).sort());
      const log = JSON.stringify(test.logLines());
      expect([secret, ...recoveryCodes].filter((text) => log.includes(text))).toEqual([]);
    });
  });

  describe('when signing in', () => {
    it('is asked for after the right password only, and opens no session where it is missing or wrong', async () => {
      const { session, email, authenticator } = await withSecondFactor();
      const asked = expectProblem(await login(email), 401, 'SECOND_FACTOR_REQUIRED');
      expect(asked.detail).toBe('Saisissez le code de votre application d’authentification.');
      expectProblem(await login(email, undefined, WRONG), 401, 'INVALID_CREDENTIALS');
      expectProblem(await login(email, authenticator.code(), WRONG), 401, 'INVALID_CREDENTIALS');
      expectProblem(await login(email, authenticator.wrongCode()), 401, 'INVALID_SECOND_FACTOR');
      expectProblem(await login(email, 'no code at all'), 401, 'INVALID_SECOND_FACTOR');
      const sessions = 'SELECT FROM sessions WHERE user_id = $1';
      expect(await test.database.query<unknown[]>(sessions, [session.user.id])).toHaveLength(1);
      const signedIn = await login(email, totpOf(authenticator.secret, test.clock.now()));
      expect(signedIn.status).toBe(200);
      expect((await test.client.get('/v1/users/me', signedIn.body.accessToken)).status).toBe(200);
    });

    it('takes no code twice, not that of setting up either, and none from before the last one', async () => {
      const session = await registerCustomer(test);
      const { email } = session.user;
      const { secret } = await turnOnSecondFactor(test, session);
      const atSetUp = totpOf(secret, test.clock.now());
      expectProblem(await login(email, atSetUp), 401, 'INVALID_SECOND_FACTOR');
      const before = nextTotp(test, secret);
      const code = nextTotp(test, secret);
      expect((await login(email, code)).status).toBe(200);
      expectProblem(await login(email, code), 401, 'INVALID_SECOND_FACTOR');
      expectProblem(await login(email, before), 401, 'INVALID_SECOND_FACTOR');
      expect((await login(email, nextTotp(test, secret))).status).toBe(200);
    });

    it('forgives a clock that is half a minute off, and a space between the digits, but no more', async () => {
      const { email, authenticator } = await withSecondFactor();
      const shown = (ms: number) => totpOf(authenticator.secret, new Date(test.clock.now().getTime() + ms));
      test.clock.moveBy(300_000);
      expectProblem(await login(email, shown(-60_000)), 401, 'INVALID_SECOND_FACTOR');
      expectProblem(await login(email, shown(60_000)), 401, 'INVALID_SECOND_FACTOR');
      expect((await login(email, shown(-30_000))).status).toBe(200);
      expect((await login(email, shown(30_000).replace(/^.../, '$& '))).status).toBe(200);
    });

    it('is a recovery code where the authenticator is lost, each one once', async () => {
      const { session, email, authenticator } = await withSecondFactor();
      const stranger = await withSecondFactor();
      const [first = '', second = ''] = authenticator.recoveryCodes;
      expectProblem(await login(stranger.email, first), 401, 'INVALID_SECOND_FACTOR');
      expect((await login(email, first)).status).toBe(200);
      expectProblem(await login(email, first), 401, 'INVALID_SECOND_FACTOR');
      expect(await state(session.accessToken)).toMatchObject({ enabled: true, recoveryCodesLeft: 9 });
      expect((await login(email, second.toLowerCase().replaceAll('-', ' '))).status).toBe(200);
      expect(await state(session.accessToken)).toMatchObject({ recoveryCodesLeft: 8 });
    });

    it('is passed over where the account has none', async () => {
      const { user } = await registerCustomer(test);
      expect((await login(user.email, '123456')).status).toBe(200);
    });

    it('is not asked of an archived account', async () => {
      const { session, email, authenticator } = await withSecondFactor();
      await test.database.query('UPDATE users SET is_active = false WHERE id = $1', [session.user.id]);
      expectProblem(await login(email, authenticator.code()), 403, 'ACCOUNT_ARCHIVED');
      const { last_step: step } = (
        await test.database.query<{ last_step: string }[]>('SELECT last_step FROM second_factors WHERE user_id = $1', [
          session.user.id,
        ])
      )[0] ?? { last_step: '' };
      expect(Number(step)).toBeLessThan(Math.floor(test.clock.now().getTime() / 30_000));
    });
  });

  describe('once it is on', () => {
    it('gives new recovery codes for a code, and the earlier ones are void', async () => {
      const { session, email, authenticator } = await withSecondFactor();
      const renew = (code: string) =>
        test.client.post<{ recoveryCodes: string[] }>(`${PATH}/recovery-codes`, { code }, session.accessToken);
      expectProblem(await renew(authenticator.wrongCode()), 401, 'INVALID_SECOND_FACTOR');
      const code = authenticator.code();
      const { status, body } = await renew(code);
      expect(status).toBe(200);
      expect(body.recoveryCodes).toHaveLength(10);
      expectProblem(await renew(code), 401, 'INVALID_SECOND_FACTOR');
      expectProblem(await login(email, authenticator.recoveryCodes[3]), 401, 'INVALID_SECOND_FACTOR');
      expect((await login(email, body.recoveryCodes[3])).status).toBe(200);
      const { accessToken } = await registerCustomer(test);
      const none = await test.client.post(`${PATH}/recovery-codes`, { code: '123456' }, accessToken);
      expectProblem(none, 409, 'SECOND_FACTOR_NOT_ON');
    });

    it('is told to its owner by a letter when it comes and when it goes, and by none before it counts', async () => {
      const beginner = await registerCustomer(test);
      await setUp(beginner.accessToken);
      expect(await waitingLetters(test, beginner.user.id, 'second-factor-on')).toEqual([]);

      const { session, email, authenticator } = await withSecondFactor();
      const { id } = session.user;
      expect((await newestLetter(test, id, 'second-factor-on'))?.to.address).toBe(email);
      expect(await waitingLetters(test, id, 'second-factor-off')).toEqual([]);
      expect((await turnOff(session.accessToken, authenticator.code())).status).toBe(204);
      expect((await newestLetter(test, id, 'second-factor-off'))?.to.address).toBe(email);
    });

    it('goes for a code, of the authenticator or a recovery code, and for nothing less', async () => {
      for (const way of ['authenticator', 'recovery code'] as const) {
        const { session, email, authenticator } = await withSecondFactor();
        const { accessToken } = session;
        expectProblem(await turnOff(accessToken, authenticator.wrongCode()), 401, 'INVALID_SECOND_FACTOR');
        expect(await state(accessToken)).toMatchObject({ enabled: true });
        const code = way === 'authenticator' ? authenticator.code() : authenticator.recoveryCodes[0];
        expect(await turnOff(accessToken, code ?? '')).toMatchObject({ status: 204, body: '' });
        expect(await state(accessToken)).toEqual({
          enabled: false,
          required: false,
          recoveryCodesLeft: 0,
          since: null,
        });
        expect((await login(email)).status).toBe(200);
        expectProblem(await turnOff(accessToken, '123456'), 409, 'SECOND_FACTOR_NOT_ON');
      }
    });

    it('gives way to a new authenticator for a code of the old one, which counts until the new one is confirmed', async () => {
      const { session, email, authenticator } = await withSecondFactor();
      const { accessToken } = session;
      const replace = (code: string, currentPassword = PASSWORD) => setUp(accessToken, { currentPassword, code });
      expectProblem(await replace(authenticator.wrongCode()), 401, 'INVALID_SECOND_FACTOR');
      expectProblem(await replace(authenticator.code(), WRONG), 401, 'INVALID_CREDENTIALS');
      const begun = await replace(authenticator.recoveryCodes[0] ?? '');
      expect(begun.status).toBe(201);
      const { secret } = begun.body;
      expectProblem(await confirm(accessToken, authenticator.code()), 401, 'INVALID_SECOND_FACTOR');
      expectProblem(await login(email, nextTotp(test, secret)), 401, 'INVALID_SECOND_FACTOR');
      expect((await login(email, authenticator.code())).status).toBe(200);

      const confirmed = await confirm(accessToken, nextTotp(test, secret));
      expect(confirmed.status).toBe(200);
      expectProblem(await login(email, authenticator.code()), 401, 'INVALID_SECOND_FACTOR');
      expectProblem(await login(email, authenticator.recoveryCodes[1]), 401, 'INVALID_SECOND_FACTOR');
      expect((await login(email, nextTotp(test, secret))).status).toBe(200);
      expect((await login(email, confirmed.body.recoveryCodes[1])).status).toBe(200);
    });
  });
});

describe('A service that has lost the secret by which second factors are sealed', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
    replica = await test.replica({ accountSecret: 'not-the-secret-that-it-was-sealed-with' });
  });
  afterAll(async () => {
    await test.stop();
  });

  it('lets nobody in by a code, tells the operator why, and takes recovery codes', async () => {
    const session = await registerCustomer(test);
    const { secret, recoveryCodes } = await turnOnSecondFactor(test, session);
    const login = (secondFactor: string | undefined, { client } = replica) =>
      client.post('/v1/auth/login', { email: session.user.email, password: PASSWORD, secondFactor });
    const code = totpOf(secret, new Date(replica.clock.now().getTime() + 30_000));
    expectProblem(await login(code), 401, 'INVALID_SECOND_FACTOR');
    expect(replica.logLines()).toContainEqual(
      expect.objectContaining({ level: 'error', msg: expect.stringContaining('ACCOUNT_SECRET') as string }),
    );
    expect((await login(recoveryCodes[0])).status).toBe(200);
    expect((await login(code, test)).status).toBe(200);
  });
});
