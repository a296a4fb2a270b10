import { PASSWORD, type ProblemBody, registerCustomer, type SessionBody } from '../support/builders';
import { startDocumentedApp } from '../support/openapi-match';
import type { TestApp } from '../support/test-app';

const NEW_PASSWORD = 'quatre théières sous la pluie';

describe('Changing my password', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp({
      config: {
        loginAttempts: {
          account: 3,
          address: 1000,
          everywhere: 100_000,
          underPressure: 100_000,
          windowSeconds: 900,
          blockSeconds: 60,
          maxBlockSeconds: 60,
        },
      },
    });
  });
  afterAll(async () => {
    await test.stop();
  });

  const change = (token: string | undefined, body: Record<string, unknown>) =>
    test.client.request<ProblemBody>('PUT', '/v1/users/me/password', { body, token });
  const login = (email: string, password: string) =>
    test.client.post<SessionBody & ProblemBody>('/v1/auth/login', { email, password });
  const status = async (token: string) => (await test.client.get('/v1/users/me', token)).status;

  it('sets the new one, ends the other sessions and keeps this one', async () => {
    const here = await registerCustomer(test);
    const { email } = here.user;
    const there = (await login(email, PASSWORD)).body;
    const bystander = await registerCustomer(test);

    const changed = await change(here.accessToken, { currentPassword: PASSWORD, password: NEW_PASSWORD });
    expect(changed).toMatchObject({ status: 204, body: '' });

    expect(await status(here.accessToken)).toBe(200);
    expect((await test.client.post('/v1/auth/refresh', { refreshToken: here.refreshToken })).status).toBe(200);
    expect(await status(there.accessToken)).toBe(401);
    expect(await test.client.post('/v1/auth/refresh', { refreshToken: there.refreshToken })).toMatchObject({
      status: 401,
      body: { code: 'INVALID_REFRESH_TOKEN' },
    });
    expect(await status(bystander.accessToken)).toBe(200);
    expect((await login(email, PASSWORD)).body.code).toBe('INVALID_CREDENTIALS');
    expect((await login(email, NEW_PASSWORD)).status).toBe(200);
  });

  it('asks for the current one', async () => {
    const { user, accessToken } = await registerCustomer(test);
    const wrong = await change(accessToken, { currentPassword: NEW_PASSWORD, password: NEW_PASSWORD });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'INVALID_CREDENTIALS' } });
    expect((await login(user.email, PASSWORD)).status).toBe(200);
    expect((await login(user.email, NEW_PASSWORD)).status).toBe(401);
  });

  it.each([
    ['too short', 'Xk7#vQ9$z', 'doit avoir au moins dix caractères'],
    ['leaked', 'motdepasse2024', 'figure dans des listes de mots de passe divulgués'],
    ['guessable', '17/05/1990 ', 'est trop facile à deviner'],
    ['the person’s own name', 'CamilleMartin1', 'est trop facile à deviner'],
  ])('refuses a weak new one, %s, and changes nothing', async (_, password, message) => {
    const { user, accessToken } = await registerCustomer(test);
    const other = (await login(user.email, PASSWORD)).body;
    expect(await change(accessToken, { currentPassword: PASSWORD, password })).toMatchObject({
      status: 400,
      body: { code: 'WEAK_PASSWORD', errors: [{ path: 'password', message }] },
    });
    expect(await status(other.accessToken)).toBe(200);
    expect((await login(user.email, PASSWORD)).status).toBe(200);
  });

  it('is for who is signed in, with both passwords and nothing more', async () => {
    const body = { currentPassword: PASSWORD, password: NEW_PASSWORD };
    expect(await change(undefined, body)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    const { accessToken } = await registerCustomer(test);
    for (const [field, bad] of [
      ['currentPassword', { password: NEW_PASSWORD }],
      ['password', { currentPassword: PASSWORD }],
      ['userId', { ...body, userId: 'x' }],
    ] as const) {
      expect(await change(accessToken, bad)).toMatchObject({
        status: 400,
        body: { code: 'VALIDATION_FAILED', errors: [{ path: field }] },
      });
    }
  });

  it('does not let a borrowed phone guess the current one: the sign-in’s budget counts', async () => {
    const { accessToken } = await registerCustomer(test);
    const guess = () => change(accessToken, { currentPassword: 'a wrong guess', password: NEW_PASSWORD });
    for (let attempt = 0; attempt <= 3; attempt++) expect((await guess()).status).toBe(401);
    const refused = await change(accessToken, { currentPassword: PASSWORD, password: NEW_PASSWORD });
    expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_ATTEMPTS' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('lets one of two changes at once win whole', async () => {
    const { user, accessToken } = await registerCustomer(test);
    const second = (await login(user.email, PASSWORD)).body;
    const choices = ['première théière en fonte', 'seconde théière en verre'];
    const answers = await Promise.all(
      [accessToken, second.accessToken].map((token, n) =>
        change(token, { currentPassword: PASSWORD, password: choices[n] }),
      ),
    );
    expect(answers.some((answer) => answer.status === 204)).toBe(true);
    expect(answers.every((answer) => answer.status < 500)).toBe(true);
    const logins = await Promise.all(choices.map((password) => login(user.email, password)));
    expect(logins.map((answer) => answer.status).sort()).toEqual([200, 401]);
  });
});

describe('A password that is too weak', () => {
  it('is not judged without end, which would keep the service from everything else', async () => {
    const budget = { address: 2, windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 60 };
    const strict = await startDocumentedApp({ config: { registrations: budget } });
    try {
      const { accessToken: token } = await registerCustomer(strict);
      const weak = { currentPassword: PASSWORD, password: 'password1234' };
      const codes: string[] = [];
      for (let n = 0; n < 2; n++) {
        const { body } = await strict.client.request<ProblemBody>('PUT', '/v1/users/me/password', {
          body: weak,
          token,
        });
        codes.push(body.code);
      }
      expect(codes).toEqual(['WEAK_PASSWORD', 'TOO_MANY_ATTEMPTS']);
    } finally {
      await strict.stop();
    }
  });
});
