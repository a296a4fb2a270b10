import { randomBytes } from 'node:crypto';
import { PASSWORD, type ProblemBody, registration, type SessionBody } from '../support/builders';
import { startDocumentedApp } from '../support/openapi-match';
import type { TestApp } from '../support/test-app';

const AT_ONCE = 20;

describe('One e-mail address, registered twenty times at once, on two replicas', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
    replica = await test.replica();
  });
  afterAll(async () => {
    await test.stop();
  });

  it('becomes one account; the others learn that it is taken', async () => {
    const name = `race.${randomBytes(4).toString('hex')}`;
    const spellings = [`${name}@example.fr`, `${name.toUpperCase()}@example.fr`, `${name}@EXAMPLE.fr`];
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, n) =>
        (n % 2 === 0 ? test : replica).client.post<SessionBody & ProblemBody>(
          '/v1/auth/register',
          registration({ email: spellings[n % spellings.length], newsletter: true }),
        ),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status, body }) => status === 409 && body.code === 'EMAIL_TAKEN')).toHaveLength(
      AT_ONCE - 1,
    );
    const [counts] = await test.database.query<Record<string, string>[]>(
      `SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM sessions) AS sessions,
              (SELECT count(*) FROM consents) AS consents`,
    );
    expect(counts).toEqual({ users: '1', sessions: '1', consents: '2' });
    const login = await test.client.post('/v1/auth/login', { email: spellings[0], password: PASSWORD });
    expect(login.status).toBe(200);
  });
});
