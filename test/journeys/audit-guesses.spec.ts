import type { RequestOptions } from '../support/api-client';
import { auditRows, by, refusedRows } from '../support/audit-entries';
import { turnOnSecondFactor } from '../support/authenticator';
import { PASSWORD, registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const MINUTES = { windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 3600 };
const ME = '/v1/users/me';
const FACTOR = `${ME}/second-factor`;

describe('Of who tries their hand at somebody’s open session the audit log tells', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(async () => {
    await test.stop();
  });

  const refused = (method: string, path: string, options: RequestOptions, ...problem: [status: number, code: string]) =>
    refusedRows(test, [method, path, options], ...problem);

  const details = (attempt: string, reason: string) => ({ attempt, reason });

  it('guesses at the password', async () => {
    const customer = await registerCustomer(test);
    const { user, accessToken: token } = customer;
    const told = { action: 'account-change-refused', ...by(customer), subject: user.id };
    const change = { body: { currentPassword: 'a wrong guess', password: 'quatre-tasses-de-matcha' }, token };
    expect(await refused('PUT', `${ME}/password`, change, 401, 'INVALID_CREDENTIALS')).toEqual([
      { ...told, details: details('password-changed', 'INVALID_CREDENTIALS') },
    ]);
    const setUp = { body: { currentPassword: 'a wrong guess' }, token };
    expect(await refused('POST', FACTOR, setUp, 401, 'INVALID_CREDENTIALS')).toEqual([
      { ...told, details: details('second-factor-on', 'INVALID_CREDENTIALS') },
    ]);
  });

  it('guesses at the second factor', async () => {
    const customer = await registerCustomer(test);
    const { user, accessToken: token } = customer;
    const { wrongCode } = await turnOnSecondFactor(test, customer);
    const told = { action: 'account-change-refused', ...by(customer), subject: user.id };
    for (const [method, path, attempt, more] of [
      ['DELETE', FACTOR, 'second-factor-off', {}],
      ['POST', `${FACTOR}/recovery-codes`, 'recovery-codes-renewed', {}],
      ['POST', FACTOR, 'second-factor-on', { currentPassword: PASSWORD }],
    ] as const) {
      const options = { body: { ...more, code: wrongCode() }, token };
      expect(await refused(method, path, options, 401, 'INVALID_SECOND_FACTOR')).toEqual([
        { ...told, details: details(attempt, 'INVALID_SECOND_FACTOR') },
      ]);
    }
    const fresh = await registerCustomer(test);
    await test.client.post(FACTOR, { currentPassword: PASSWORD }, fresh.accessToken);
    const confirmation = { body: { code: '000000' }, token: fresh.accessToken };
    expect(await refused('POST', `${FACTOR}/confirm`, confirmation, 401, 'INVALID_SECOND_FACTOR')).toEqual([
      {
        action: 'account-change-refused',
        ...by(fresh),
        subject: fresh.user.id,
        details: details('second-factor-on', 'INVALID_SECOND_FACTOR'),
      },
    ]);
  });
});

describe('Where administrators must have a second factor and few guesses are borne', () => {
  let test: TestApp;

  beforeAll(async () => {
    const loginAttempts = { ...MINUTES, account: 2, address: 100, everywhere: 100, underPressure: 3 };
    test = await startTestApp({ config: { adminSecondFactor: true, loginAttempts } });
  });
  afterAll(async () => {
    await test.stop();
  });

  const refusals = async ({ user }: SessionBody): Promise<unknown[]> =>
    (await auditRows(test, `action = 'account-change-refused' AND actor_id = $1`, user.id)).map(
      ({ details }) => details,
    );

  it('the audit log tells who would do without', async () => {
    const admin = await signInAs(test, 'admin');
    const { code } = await turnOnSecondFactor(test, admin);
    const options = { body: { code: code() }, token: admin.accessToken };
    expectProblem(await test.client.request('DELETE', FACTOR, options), 403, 'SECOND_FACTOR_MANDATORY');
    const details = { attempt: 'second-factor-off', reason: 'SECOND_FACTOR_MANDATORY' };
    expect(await refusals(admin)).toEqual([details]);
  });

  it('it tells each guess, and nothing of those that were not even listened to', async () => {
    const customer = await registerCustomer(test);
    const body = { currentPassword: 'a wrong guess', password: 'quatre-tasses-de-matcha' };
    const codes: string[] = [];
    for (let n = 1; n <= 6; n++) {
      const answer = await test.client.request<{ code: string }>('PUT', `${ME}/password`, {
        body,
        token: customer.accessToken,
      });
      codes.push(answer.body.code);
    }
    const heard = codes.filter((code) => code === 'INVALID_CREDENTIALS');
    expect(heard.length).toBeGreaterThan(0);
    expect(codes.slice(heard.length)).toEqual(Array(6 - heard.length).fill('TOO_MANY_ATTEMPTS'));
    expect(codes.at(-1)).toBe('TOO_MANY_ATTEMPTS');
    expect(await refusals(customer)).toHaveLength(heard.length);
  });
});
