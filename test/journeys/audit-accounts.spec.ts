import { registerCustomer, type SessionBody } from '../support/builders';
import { tokenInLetter } from '../support/letters';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

describe('Of a person’s own doings the audit log tells', () => {
  let test: TestApp;
  let customer: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(async () => {
    await test.stop();
  });
  beforeEach(async () => {
    customer = await registerCustomer(test, { firstName: 'Camille', lastName: 'Perlimpinpin' });
  });

  /** What it holds of the customer beside the registration. */
  async function entries(): Promise<{ action: string; role: string; details: object }[]> {
    const [first, ...rest] = await test.database.query<{ action: string; role: string; details: object }[]>(
      'SELECT action, actor_role AS role, details FROM audit_entries WHERE subject_id = $1 ORDER BY id',
      [customer.user.id],
    );
    expect(first?.action).toBe('account-registered');
    return rest;
  }

  const change = async (body: object): Promise<void> => {
    const answer = await test.client.request('PATCH', '/v1/users/me', { body, token: customer.accessToken });
    expect(answer.status).toBe(200);
  };

  it('which fields of the profile were changed, and never to what', async () => {
    await change({ firstName: 'Zoé', lastName: 'Perlimpinpin', birthDate: '1991-02-03', gender: 'female' });
    await change({ language: 'en', newsletter: true });
    expect(await entries()).toEqual([
      { action: 'profile-updated', role: 'customer', details: { fields: ['firstName', 'birthDate', 'gender'] } },
      { action: 'profile-updated', role: 'customer', details: { fields: ['language'] } },
    ]);
  });

  it('nothing where nothing was changed, and of the newsletter the consents', async () => {
    await change({});
    await change({ firstName: 'Camille', birthDate: '1990-05-17' });
    await change({ newsletter: true });
    expect(await entries()).toEqual([]);
    const consents = await test.database.query<unknown[]>(
      `SELECT granted FROM consents WHERE user_id = $1 AND kind = 'newsletter'`,
      [customer.user.id],
    );
    expect(consents).toEqual([{ granted: true }]);
  });

  it('that a session was ended, once, and by whom', async () => {
    const { refreshToken, accessToken } = customer;
    for (const token of [refreshToken, refreshToken, 'nobody’s']) {
      expect((await test.client.post('/v1/auth/logout', { refreshToken: token })).status).toBe(204);
    }
    expect(await entries()).toEqual([{ action: 'session-ended', role: 'customer', details: { because: 'logout' } }]);
    expectProblem(await test.client.get('/v1/users/me', accessToken), 401, 'UNAUTHENTICATED');
  });

  it('that a refresh token came twice, by nobody who is known', async () => {
    const { refreshToken } = customer;
    expect((await test.client.post('/v1/auth/refresh', { refreshToken })).status).toBe(200);
    for (let n = 1; n <= 2; n++) {
      expectProblem(await test.client.post('/v1/auth/refresh', { refreshToken }), 401, 'INVALID_REFRESH_TOKEN');
    }
    expect(await entries()).toEqual([{ action: 'session-ended', role: 'anonymous', details: { because: 'reuse' } }]);
  });

  it('that the address was verified, once', async () => {
    const first = await tokenInLetter(test, customer.user.id, 'verify-email');
    await test.client.post('/v1/auth/email/resend', undefined, customer.accessToken);
    const second = await tokenInLetter(test, customer.user.id, 'verify-email');
    expect(second).not.toBe(first);
    for (const token of [first, second]) await test.client.post('/v1/auth/email/verify', { token });
    expect(await entries()).toEqual([{ action: 'email-verified', role: 'customer', details: {} }]);
  });

  it('nothing of a verification where the address was verified by another letter meanwhile', async () => {
    const token = await tokenInLetter(test, customer.user.id, 'verify-email');
    await test.client.post('/v1/auth/password/forgot', { email: customer.user.email });
    const reset = await tokenInLetter(test, customer.user.id, 'reset-password');
    await test.client.post('/v1/auth/password/reset', { token: reset, password: 'quatre-tasses-de-matcha' });
    expect((await test.client.post('/v1/auth/email/verify', { token })).status).toBe(204);
    expect((await entries()).map(({ action }) => action)).toEqual(['password-reset']);
  });

  it('that their data were downloaded, in that very document as well', async () => {
    const { status, body } = await test.client.get<{ records: { audit: object[] } }>(
      '/v1/users/me/data',
      customer.accessToken,
    );
    expect(status).toBe(200);
    expect(await entries()).toEqual([{ action: 'data-downloaded', role: 'customer', details: {} }]);
    expect(body.records.audit[0]).toMatchObject({ action: 'data-downloaded', byMe: true, address: '127.0.0.1' });
  });
});
