import type { ApiResponse } from '../support/api-client';
import { Client } from 'pg';
import {
  createContest,
  PASSWORD,
  registerCustomer,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { play } from '../support/plays';
import { tally } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { untilSomebodyWaits } from '../support/waiting';

const ROUNDS = 10;

describe('An account erased while something else happens to it, on two replicas', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    test = await startTestApp();
    replica = await test.replica();
  });
  afterEach(() => {
    const lines = [...test.logLines(), ...replica.logLines()];
    expect(lines.filter(({ level, status }) => level === 'error' || Number(status) >= 500)).toEqual([]);
  });
  afterAll(async () => {
    await test.stop();
  });

  const erase = async (at: TestApp, { accessToken }: SessionBody): Promise<ApiResponse> =>
    at.client.request('DELETE', '/v1/users/me', { token: accessToken });

  it('is done once under a double click', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const customer = await registerCustomer(test, { newsletter: true });
      const answers = await Promise.all([erase(test, customer), erase(replica, customer), erase(test, customer)]);
      expect(tally(answers)).toEqual({ '204': 1, '401 UNAUTHENTICATED': 2 });
      const withdrawals = await test.database.query<unknown[]>(
        'SELECT 1 FROM consents WHERE user_id = $1 AND NOT granted',
        [customer.user.id],
      );
      expect(withdrawals).toHaveLength(1);
    }
  });

  it('keeps a ticket that is played meanwhile, for nobody, or refuses the play', async () => {
    const contest = await createContest(test, { tickets: 4 * ROUNDS });
    for (let round = 0; round < ROUNDS; round++) {
      const customer = await registerCustomer(test);
      const codes = await unplayedCodes(test, contest, 4);
      const [erased, ...plays] = await Promise.all([
        erase(replica, customer),
        ...codes.map((code) => play(test, code, customer)),
      ]);
      expect(erased.status).toBe(204);
      expect(plays.filter(({ status }) => status !== 200 && status !== 401)).toEqual([]);
      const kept = await test.database.query<unknown[]>('SELECT 1 FROM tickets WHERE player_id = $1', [
        customer.user.id,
      ]);
      expect(kept).toHaveLength(plays.filter(({ status }) => status === 200).length);
    }
  });

  it('lets a profile that is changed meanwhile bring no name back', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const customer = await registerCustomer(test);
      const { accessToken: token } = customer;
      const [erased, ...changes] = await Promise.all([
        erase(replica, customer),
        ...Array.from({ length: 4 }, () =>
          test.client.request('PATCH', '/v1/users/me', { body: { firstName: 'Revenante', newsletter: true }, token }),
        ),
      ]);
      expect(erased.status).toBe(204);
      expect(changes.filter(({ status }) => status !== 200 && status !== 401)).toEqual([]);
      const [row] = await test.database.query<object[]>('SELECT first_name, newsletter FROM users WHERE id = $1', [
        customer.user.id,
      ]);
      expect(row).toEqual({ first_name: '—', newsletter: false });
    }
  });

  it('leaves no session open that is opened or prolonged meanwhile', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const customer = await registerCustomer(test);
      const { email, id } = customer.user;
      const login = { email, password: PASSWORD };
      const [logins, refreshed, erased] = await Promise.all([
        Promise.all(Array.from({ length: 3 }, () => test.client.post('/v1/auth/login', login))),
        test.client.post('/v1/auth/refresh', { refreshToken: customer.refreshToken }),
        // Hashing takes a while: the sign-ins come to the database when this does.
        new Promise((later) => setTimeout(later, 5 * round)).then(async () => erase(replica, customer)),
      ]);
      expect([204, 401]).toContain(erased.status);
      expect([...logins, refreshed].filter(({ status }) => status >= 500)).toEqual([]);
      const open = await test.database.query<unknown[]>(
        `SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE u.id = $1 AND u.erased_at IS NOT NULL AND (s.revoked_at IS NULL OR s.user_agent IS NOT NULL)`,
        [id],
      );
      expect(open).toEqual([]);
    }
  });

  /** Another transaction on the same database, in the middle of its work. */
  async function begin(sql: string, parameters: unknown[]): Promise<Client> {
    const client = new Client({ connectionString: test.config.databaseUrl });
    // The database is dropped at the end, whoever is still connected.
    client.on('error', () => undefined);
    await client.connect();
    await client.query('BEGIN');
    await client.query(sql, parameters);
    return client;
  }

  it('gives way to whoever holds what it needs and needs what it holds', async () => {
    const customer = await registerCustomer(test);
    const { id } = customer.user;
    const other = await begin(
      'UPDATE refresh_tokens SET used_at = now() WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)',
      [id],
    );
    const erasing = erase(test, customer);
    await untilSomebodyWaits(test);
    await other.query('UPDATE users SET updated_at = now() WHERE id = $1', [id]);
    await other.query('COMMIT');
    await other.end();
    expect((await erasing).status).toBe(204);
  });

  it('takes out what is being written about the person at that moment', async () => {
    const contest = await createContest(test, { tickets: 1 });
    const [code = ''] = await unplayedCodes(test, contest, 1);
    const [customer, employee] = [await registerCustomer(test), await signInAs(test, 'employee')];
    await play(test, code, customer);
    const other = await begin('SELECT FROM tickets WHERE code = $1 FOR NO KEY UPDATE', [code]);
    const erasing = erase(test, customer);
    await untilSomebodyWaits(test);
    await other.query(
      `INSERT INTO claim_events (ticket_code, kind, actor_id, reason, note, at)
       VALUES ($1, 'refused', $2, 'OTHER', 'Camille Martin', now())`,
      [code, employee.user.id],
    );
    await other.query('COMMIT');
    await other.end();
    expect((await erasing).status).toBe(204);
    expect(await test.database.query('SELECT note FROM claim_events WHERE ticket_code = $1', [code])).toEqual([
      { note: null },
    ]);
  });
});
