import type { ApiResponse } from '../support/api-client';
import { registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { tally } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const ROUNDS = 10;

describe('Administrators at work on accounts at the same moment, on two replicas', () => {
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

  const change = async (at: TestApp, by: SessionBody, { user }: SessionBody, body: object): Promise<ApiResponse> =>
    at.client.request('PATCH', `/v1/admin/users/${user.id}`, { body, token: by.accessToken });

  async function activeAdmins(): Promise<string[]> {
    const rows = await test.database.query<{ id: string }[]>(
      `SELECT id FROM users WHERE role = 'admin' AND is_active ORDER BY id`,
    );
    return rows.map(({ id }) => id);
  }

  /** Makes everybody else a customer, and these two the administrators there are. */
  async function onlyAdmins(...names: SessionBody[]): Promise<void> {
    await test.database.query(`UPDATE users SET role = 'admin', is_active = true WHERE id = ANY ($1)`, [
      names.map(({ user }) => user.id),
    ]);
    await test.database.query(`UPDATE users SET role = 'customer' WHERE role = 'admin' AND id <> ALL ($1)`, [
      names.map(({ user }) => user.id),
    ]);
  }

  it.each([
    ['demote', { role: 'customer' }, ['409 LAST_ADMIN', '403 FORBIDDEN']],
    ['archive', { isActive: false }, ['409 LAST_ADMIN', '403 ACCOUNT_ARCHIVED']],
  ])('leaves one of two who %s each other', async (_, body, losses) => {
    let contested = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [one, other] = [await signInAs(test, 'admin'), await signInAs(test, 'admin')];
      await onlyAdmins(one, other);
      const answers = await Promise.all([change(test, one, other, body), change(replica, other, one, body)]);
      expect(await activeAdmins()).toHaveLength(1);
      const { '200': won, ...lost } = tally(answers);
      expect(won).toBe(1);
      expect(losses).toContain(Object.keys(lost)[0]);
      expect(Object.values(lost)).toEqual([1]);
      contested += lost['409 LAST_ADMIN'] ?? 0;
      const stayed = answers[0].status === 200 ? one : other;
      expect(await activeAdmins()).toEqual([stayed.user.id]);
    }
    // Or it never came to a race.
    expect(contested).toBeGreaterThan(0);
  });

  it('leaves one of two who step down at once', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [one, other] = [await signInAs(test, 'admin'), await signInAs(test, 'admin')];
      await onlyAdmins(one, other);
      const answers = await Promise.all([
        change(test, one, one, { role: 'employee' }),
        change(replica, other, other, { role: 'employee' }),
      ]);
      expect(tally(answers)).toEqual({ '200': 1, '409 LAST_ADMIN': 1 });
      expect(await activeAdmins()).toHaveLength(1);
    }
  });

  it('lets nobody in who signs in while they are archived', async () => {
    const admin = await signInAs(test, 'admin');
    for (let round = 0; round < ROUNDS; round++) {
      const customer = await registerCustomer(test);
      const { email } = customer.user;
      const [archived, signedIn] = await Promise.all([
        change(test, admin, customer, { isActive: false }),
        replica.client.post<SessionBody>('/v1/auth/login', { email, password: 'trois-tasses-de-sencha' }),
      ]);
      expect(archived.status).toBe(200);
      if (signedIn.status === 200) {
        const { status } = await replica.client.get('/v1/users/me', signedIn.body.accessToken);
        expect(status).toBe(403);
      }
      const open = await test.database.query<unknown[]>(
        'SELECT 1 FROM sessions WHERE user_id = $1 AND revoked_at IS NULL',
        [customer.user.id],
      );
      expect(open).toEqual([]);
    }
  });

  it('writes each change of one account once, in an order that leads to where it stands', async () => {
    const admin = await signInAs(test, 'admin');
    const customer = await registerCustomer(test);
    const roles = ['employee', 'customer', 'employee', 'customer', 'employee', 'customer'];
    const answers = await Promise.all(
      roles.map((role, n) => change(n % 2 === 0 ? test : replica, admin, customer, { role })),
    );
    expect(tally(answers)).toEqual({ '200': roles.length });
    const steps = await test.database.query<{ from: string; to: string }[]>(
      `SELECT e.details->>'from' AS from, e.details->>'to' AS to
       FROM audit_chain c JOIN audit_entries e ON e.id = c.entry_id
       WHERE e.action = 'role-changed' AND e.subject_id = $1 ORDER BY c.position`,
      [customer.user.id],
    );
    let role = 'customer';
    for (const step of steps) {
      expect(step.from).toBe(role);
      role = step.to;
    }
    const [row] = await test.database.query<unknown[]>('SELECT role FROM users WHERE id = $1', [customer.user.id]);
    expect(row).toEqual({ role });
  });
});
