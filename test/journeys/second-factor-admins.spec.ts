import { nextTotp, turnOnSecondFactor } from '../support/authenticator';
import { PASSWORD, registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { startDocumentedApp } from '../support/openapi-match';
import { expectProblem } from '../support/problem';
import type { TestApp } from '../support/test-app';

const PATH = '/v1/users/me/second-factor';
/** An address with a role rule, and one for everybody who is signed in. */
const STAFF_ONLY = '/v1/claims';
const SIGNED_IN = '/v1/users/me';

describe('Where administrators need a second factor', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    const config = { adminSecondFactor: true };
    test = await startDocumentedApp({ config });
    replica = await test.replica();
  });
  afterEach(() => {
    test.clock.reset();
    replica.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const setRole = (id: string, role: string) =>
    test.database.query('UPDATE users SET role = $2 WHERE id = $1', [id, role]);
  const login = (email: string, secondFactor?: string) =>
    test.client.post<SessionBody>('/v1/auth/login', { email, password: PASSWORD, secondFactor });

  it('one without may see to their own account and nothing else', async () => {
    const { accessToken, refreshToken } = await signInAs(test, 'admin');
    for (const { client } of [test, replica]) {
      expectProblem(await client.get(STAFF_ONLY, accessToken), 403, 'SECOND_FACTOR_SETUP_REQUIRED');
      expect((await client.get(SIGNED_IN, accessToken)).status).toBe(200);
    }
    expect((await test.client.get(PATH, accessToken)).body).toMatchObject({ enabled: false, required: true });
    const renewed = await test.client.post<SessionBody>('/v1/auth/refresh', { refreshToken });
    expect(renewed.status).toBe(200);
    expectProblem(await test.client.get(STAFF_ONLY, renewed.body.accessToken), 403, 'SECOND_FACTOR_SETUP_REQUIRED');
  });

  it('one who sets it up goes on at once in that session, after a refresh as well, and in no other', async () => {
    const session = await signInAs(test, 'admin');
    const other = (await login(session.user.email)).body;
    const { secret } = await turnOnSecondFactor(test, session);
    for (const { client } of [test, replica]) {
      expect((await client.get(STAFF_ONLY, session.accessToken)).status).toBe(200);
      expectProblem(await client.get(STAFF_ONLY, other.accessToken), 403, 'SECOND_FACTOR_SETUP_REQUIRED');
    }
    const { refreshToken } = session;
    const renewed = (await test.client.post<SessionBody>('/v1/auth/refresh', { refreshToken })).body;
    expect((await test.client.get(STAFF_ONLY, renewed.accessToken)).status).toBe(200);
    expectProblem(await login(session.user.email), 401, 'SECOND_FACTOR_REQUIRED');
    const anew = (await login(session.user.email, nextTotp(test, secret))).body;
    expect((await test.client.get(STAFF_ONLY, anew.accessToken)).status).toBe(200);
  });

  it('nobody of them can do without, but change to another authenticator', async () => {
    const session = await signInAs(test, 'admin');
    const { accessToken } = session;
    const { code, recoveryCodes } = await turnOnSecondFactor(test, session);
    const turnOff = await test.client.request('DELETE', PATH, { body: { code: code() }, token: accessToken });
    expectProblem(turnOff, 403, 'SECOND_FACTOR_MANDATORY');
    expectProblem(await login(session.user.email), 401, 'SECOND_FACTOR_REQUIRED');
    const begun = await test.client.post<{ secret: string }>(
      PATH,
      { currentPassword: PASSWORD, code: recoveryCodes[0] },
      accessToken,
    );
    const confirm = { code: nextTotp(test, begun.body.secret) };
    expect((await test.client.post(`${PATH}/confirm`, confirm, accessToken)).status).toBe(200);
    expect((await test.client.get(STAFF_ONLY, accessToken)).status).toBe(200);
    expect((await login(session.user.email, nextTotp(test, begun.body.secret))).status).toBe(200);
  });

  it('an employee needs none until they become one', async () => {
    const { user, accessToken } = await signInAs(test, 'employee');
    expect((await test.client.get(STAFF_ONLY, accessToken)).status).toBe(200);
    await setRole(user.id, 'admin');
    for (const { client } of [test, replica]) {
      expectProblem(await client.get(STAFF_ONLY, accessToken), 403, 'SECOND_FACTOR_SETUP_REQUIRED');
    }
  });

  it('a session does not count any more where the factor that it showed is off', async () => {
    const session = await signInAs(test, 'employee');
    const { code } = await turnOnSecondFactor(test, session);
    const off = await test.client.request('DELETE', PATH, { body: { code: code() }, token: session.accessToken });
    expect(off.status).toBe(204);
    await setRole(session.user.id, 'admin');
    expectProblem(await test.client.get(STAFF_ONLY, session.accessToken), 403, 'SECOND_FACTOR_SETUP_REQUIRED');
  });

  it('a customer is told that the call is not for them, and not how to get there', async () => {
    const { accessToken } = await registerCustomer(test);
    expectProblem(await test.client.get(STAFF_ONLY, accessToken), 403, 'FORBIDDEN');
    expect((await test.client.get(PATH, accessToken)).body).toMatchObject({ required: false });
  });
});

describe('Where administrators need none', () => {
  it('one without goes everywhere', async () => {
    const test = await startDocumentedApp({ config: { adminSecondFactor: false } });
    try {
      const { accessToken } = await signInAs(test, 'admin');
      expect((await test.client.get(STAFF_ONLY, accessToken)).status).toBe(200);
      expect((await test.client.get(PATH, accessToken)).body).toMatchObject({ required: false });
    } finally {
      await test.stop();
    }
  });
});
