import { Client } from 'pg';
import { totpOf } from '../support/authenticator';
import { PASSWORD, registerCustomer, type SessionBody } from '../support/builders';
import { tokenInLetter } from '../support/letters';
import { startDocumentedApp } from '../support/openapi-match';
import { expectProblem } from '../support/problem';
import type { TestApp } from '../support/test-app';
import { untilWaiting } from '../support/waiting';

const NEW_PASSWORD = 'quatre-bols-de-genmaicha';
const FACTOR = '/v1/users/me/second-factor';

/** Somebody whose password a thief knows, with the letter in hand by which they set a new one. */
type Victim = SessionBody & { token: string };

describe('Who knows the old password, while its owner sets a new one by letter', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
  });
  afterAll(async () => {
    await test.stop();
  });

  const login = (email: string, password: string) =>
    test.client.post<SessionBody>('/v1/auth/login', { email, password });

  async function victim(): Promise<Victim> {
    const customer = await registerCustomer(test);
    const { email, id } = customer.user;
    await test.client.post('/v1/auth/email/verify', { token: await tokenInLetter(test, id, 'verify-email') });
    await test.client.post('/v1/auth/password/forgot', { email });
    return { ...customer, token: await tokenInLetter(test, id, 'reset-password') };
  }

  /** Has the owner's reset come to the account's row first, and what the thief does right behind it. */
  async function overtaken<T>({ user, token }: Victim, thief: () => Promise<T>): Promise<T> {
    const holder = new Client({ connectionString: test.config.databaseUrl });
    holder.on('error', () => undefined);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [user.id]);
    const reset = test.client.post('/v1/auth/password/reset', { token, password: NEW_PASSWORD });
    await untilWaiting(test, 1);
    const stolen = thief();
    await untilWaiting(test, 2);
    await holder.query('COMMIT');
    await holder.end();
    expect((await reset).status).toBe(204);
    return stolen;
  }

  const openSessions = async ({ user }: Victim) =>
    test.database.query<unknown[]>('SELECT FROM sessions WHERE user_id = $1 AND revoked_at IS NULL', [user.id]);

  it('is let in no more', async () => {
    const person = await victim();
    expectProblem(await overtaken(person, () => login(person.user.email, PASSWORD)), 401, 'INVALID_CREDENTIALS');
    expect(await openSessions(person)).toEqual([]);
  });

  it('does not replace the new one', async () => {
    const person = await victim();
    const change = { currentPassword: PASSWORD, password: 'cinq-gorgees-de-lapsang' };
    const changed = await overtaken(person, () =>
      test.client.request('PUT', '/v1/users/me/password', { token: person.accessToken, body: change }),
    );
    expectProblem(changed, 401, 'INVALID_CREDENTIALS');
    expectProblem(await login(person.user.email, change.password), 401, 'INVALID_CREDENTIALS');
    expect((await login(person.user.email, NEW_PASSWORD)).status).toBe(200);
  });

  it('does not bar the owner by a second factor', async () => {
    const person = await victim();
    const { accessToken } = person;
    const begun = await test.client.post<{ secret: string }>(FACTOR, { currentPassword: PASSWORD }, accessToken);
    const code = totpOf(begun.body.secret, test.clock.now());
    const confirmed = await overtaken(person, () => test.client.post(`${FACTOR}/confirm`, { code }, accessToken));
    expectProblem(confirmed, 401, 'UNAUTHENTICATED');
    expect((await login(person.user.email, NEW_PASSWORD)).status).toBe(200);
  });
});
