import { randomUUID } from 'node:crypto';
import { AuditVerifier } from '@tiptop/platform';
import type { ApiResponse } from '../support/api-client';
import { turnOnSecondFactor } from '../support/authenticator';
import {
  createContest,
  PASSWORD,
  registerCustomer,
  registration,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { tokenInLetter } from '../support/letters';
import { play } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { needlesOf, tracesIn } from '../support/traces';

interface Entry {
  id: string;
  at: string;
  action: string;
  actor: { id: string | null; role: string; firstName: string | null; lastName: string | null };
  subject: { type: string; id: string } | null;
  details: Record<string, unknown>;
  address: string | null;
  requestId: string | null;
}

interface Page {
  items: Entry[];
  nextCursor: string | null;
}

const NEW_PASSWORD = 'quatre-tasses-de-matcha';
const ANONYMOUS = { id: null, role: 'anonymous', firstName: null, lastName: null };

describe('GET /v1/admin/audit', () => {
  let test: TestApp;
  let admin: SessionBody;
  let employee: SessionBody;

  beforeAll(async () => {
    // One proxy before it, so that requests come from addresses of the test's choice.
    test = await startTestApp({ config: { trustedProxies: ['127.0.0.1'] } });
    admin = await signInAs(test, 'admin', { firstName: 'Adèle', lastName: 'Administre' });
    employee = await signInAs(test, 'employee', { firstName: 'Émile', lastName: 'Emploie' });
  });
  afterAll(async () => {
    expect((await test.app.get(AuditVerifier).verify()).faults).toEqual([]);
    await test.stop();
  });

  const ask = async (query: Record<string, string> = {}): Promise<ApiResponse<Page>> =>
    test.client.get<Page>(`/v1/admin/audit?${new URLSearchParams(query).toString()}`, admin.accessToken);

  const from = (address: string): Record<string, string> => ({
    'x-forwarded-for': address,
    'x-request-id': `from-${address.replace(/[^\w]/g, '-')}`,
  });

  const person = ({ user }: SessionBody): Entry['actor'] => ({
    id: user.id,
    role: user.role,
    firstName: user['firstName'] as string,
    lastName: user['lastName'] as string,
  });

  /** What came into the log while some work was done, the oldest first, without ids and times. */
  async function written(work: () => Promise<unknown>): Promise<Omit<Entry, 'id' | 'at'>[]> {
    const [newest] = (await ask({ limit: '1' })).body.items;
    await work();
    const { body } = await ask({ limit: '200' });
    const fresh = body.items.slice(
      0,
      body.items.findIndex(({ id }) => id === newest?.id),
    );
    return fresh.reverse().map(({ id: _id, at: _at, ...entry }) => entry);
  }

  const login = async (body: object, address = '198.51.100.1'): Promise<ApiResponse<SessionBody>> =>
    test.client.post('/v1/auth/login', body, undefined, from(address));

  it('tells of registrations and sign-ins, with the network they came from', async () => {
    const body = registration({ firstName: 'Rosa', lastName: 'Registre' });
    const [registered, signedIn, ...more] = await written(async () => {
      await test.client.post('/v1/auth/register', body, undefined, from('198.51.100.7'));
      await login({ email: body['email'], password: PASSWORD }, '2001:db8:1:2:3::4');
    });
    expect(more).toEqual([]);
    const { id } = registered!.actor;
    expect(registered).toEqual({
      action: 'account-registered',
      actor: { id, role: 'customer', firstName: 'Rosa', lastName: 'Registre' },
      subject: { type: 'user', id },
      details: { method: 'password' },
      address: '198.51.100.7',
      requestId: 'from-198-51-100-7',
    });
    expect(signedIn).toMatchObject({
      action: 'sign-in',
      actor: { id },
      details: { method: 'password', secondFactor: false },
      address: '2001:db8:1:2::/64',
    });
  });

  it('tells of refused sign-ins: of whose account where there is one, and for which reason', async () => {
    const { user } = await registerCustomer(test);
    const entries = await written(async () => {
      await login({ email: user.email, password: 'a wrong guess' });
      await login({ email: 'nobody-at-all@example.fr', password: 'a wrong guess' });
      await test.database.query('UPDATE users SET is_active = false WHERE id = $1', [user.id]);
      await login({ email: user.email, password: 'a wrong guess' });
      expectProblem(await login({ email: user.email, password: PASSWORD }), 403, 'ACCOUNT_ARCHIVED');
    });
    const subject = { type: 'user', id: user.id };
    const refused = { action: 'sign-in-refused', actor: ANONYMOUS, address: '198.51.100.1' };
    expect(entries).toMatchObject([
      { ...refused, subject, details: { reason: 'INVALID_CREDENTIALS' } },
      { ...refused, subject: null, details: { reason: 'INVALID_CREDENTIALS' } },
      { ...refused, subject, details: { reason: 'INVALID_CREDENTIALS' } },
      { ...refused, subject, details: { reason: 'ACCOUNT_ARCHIVED' } },
    ]);
  });

  it('tells of second factors and of passwords that changed', async () => {
    const customer = await registerCustomer(test);
    const { email } = customer.user;
    const entries = await written(async () => {
      const authenticator = await turnOnSecondFactor(test, customer);
      const credentials = { email, password: PASSWORD };
      expectProblem(
        await login({ ...credentials, secondFactor: authenticator.wrongCode() }),
        401,
        'INVALID_SECOND_FACTOR',
      );
      const { body } = await login({ ...credentials, secondFactor: authenticator.code() });
      const change = { currentPassword: PASSWORD, password: NEW_PASSWORD };
      await test.client.request('PUT', '/v1/users/me/password', { body: change, token: body.accessToken });
      await test.client.request('DELETE', '/v1/users/me/second-factor', {
        body: { code: authenticator.code() },
        token: body.accessToken,
      });
      await test.client.post('/v1/auth/password/forgot', { email });
      const token = await tokenInLetter(test, customer.user.id, 'reset-password');
      await test.client.post('/v1/auth/password/reset', { token, password: PASSWORD });
    });
    expect(entries.map(({ action, actor, details }) => [action, actor.id, details])).toEqual([
      ['second-factor-on', customer.user.id, {}],
      ['sign-in-refused', null, { method: 'password', reason: 'INVALID_SECOND_FACTOR' }],
      ['sign-in', customer.user.id, { method: 'password', secondFactor: true }],
      ['password-changed', customer.user.id, {}],
      ['second-factor-off', customer.user.id, {}],
      ['password-reset', customer.user.id, {}],
    ]);
  });

  it('tells who asked for what is not for them, and not more than twenty times an hour', async () => {
    const customer = await registerCustomer(test);
    const code = 'ABCDEFGHJK';
    const entries = await written(async () => {
      const paths = [`/v1/claims/${code}`, ...Array.from({ length: 24 }, () => '/v1/admin/users')];
      for (const path of paths) expectProblem(await test.client.get(path, customer.accessToken), 403, 'FORBIDDEN');
      const answer = await test.client.post(`/v1/claims/${code}/undo`, {}, employee.accessToken, from('198.51.100.9'));
      expectProblem(answer, 403, 'FORBIDDEN');
    });
    expect(entries).toHaveLength(21);
    expect(entries[0]).toMatchObject({
      action: 'access-refused',
      actor: person(customer),
      subject: { type: 'route', id: 'GET /v1/claims/:code' },
    });
    expect(entries.at(-1)).toMatchObject({
      actor: person(employee),
      subject: { type: 'route', id: 'POST /v1/claims/:code/undo' },
      address: '198.51.100.9',
    });
  });

  it('tells of hand-overs: done, refused, denied, undone; and nothing of what was typed beside', async () => {
    const contest = await createContest(test, { tickets: 10 });
    const [code = '', unplayed = ''] = await unplayedCodes(test, contest, 2);
    const customer = await registerCustomer(test);
    const storeId = randomUUID();
    await test.database.query(`INSERT INTO stores (id, name, city, created_at) VALUES ($1, 'Nice 1', 'Nice', now())`, [
      storeId,
    ]);
    const act = async (verb: string, body: object, by = employee, typed = code): Promise<ApiResponse> =>
      test.client.post(`/v1/claims/${typed}/${verb}`, body, by.accessToken);
    const entries = await written(async () => {
      await play(test, code, customer);
      await act('refuse', { reason: 'OTHER', note: 'Madame Perlimpinpin' });
      await act('validate', { identityChecked: true, storeId }, employee, code.toLowerCase());
      expectProblem(await act('validate', { identityChecked: true }), 409, 'TICKET_ALREADY_CLAIMED');
      expectProblem(await act('refuse', { reason: 'OTHER' }, employee, unplayed), 409, 'TICKET_NOT_PENDING');
      await act('undo', { reason: 'Monsieur Perlimpinpin' }, admin);
      expectProblem(await act('undo', { reason: 'Encore' }, admin), 409, 'TICKET_NOT_CLAIMED');
      expectProblem(await act('validate', { identityChecked: true }, employee, 'perlimp'), 404, 'TICKET_NOT_FOUND');
    });
    const subject = { type: 'ticket', id: code };
    expect(entries).toMatchObject([
      { action: 'hand-over-refused', actor: person(employee), subject, details: { reason: 'OTHER' } },
      { action: 'hand-over', actor: person(employee), subject, details: { storeId } },
      { action: 'hand-over-denied', subject, details: { attempt: 'validate', reason: 'TICKET_ALREADY_CLAIMED' } },
      { action: 'hand-over-denied', subject: { id: unplayed }, details: { reason: 'TICKET_NOT_PENDING' } },
      { action: 'hand-over-undone', actor: person(admin), subject, details: {} },
      { action: 'hand-over-denied', details: { attempt: 'undo', reason: 'TICKET_NOT_CLAIMED' } },
      { action: 'hand-over-denied', subject: null, details: { reason: 'TICKET_NOT_FOUND' } },
    ]);
    expect(JSON.stringify(entries).toLowerCase()).not.toContain('perlimp');
  });

  it('tells of letters that were tried again', async () => {
    await test.database.query('SELECT move_mail_orders(1000)');
    const [row] = await test.database
      .query<{ id: string }[]>(
        `UPDATE pgboss.job SET state = 'failed' WHERE id = (SELECT id FROM pgboss.job LIMIT 1) RETURNING id`,
      )
      .then(([rows]) => rows as unknown as { id: string }[]);
    const entries = await written(async () => {
      expect((await test.client.post(`/v1/admin/mails/${row!.id}/retry`, undefined, admin.accessToken)).status).toBe(
        202,
      );
      const again = await test.client.post(`/v1/admin/mails/${row!.id}/retry`, undefined, admin.accessToken);
      expectProblem(again, 404, 'MAIL_NOT_FOUND');
    });
    expect(entries).toMatchObject([
      { action: 'mail-retried', actor: person(admin), subject: { type: 'mail', id: row!.id } },
    ]);
  });

  it('lists the newest first, in pages without gap or repetition, many of one millisecond among them', async () => {
    await test.database.query(`
      INSERT INTO audit_entries (at, actor_role, action, details)
      SELECT timestamptz '2026-01-01T00:00:00Z' + (n / 7) * interval '1 ms', 'service', 'export', jsonb_build_object('n', n)
      FROM generate_series(0, 99) n`);
    const [whole] = [(await ask({ action: 'export', limit: '200' })).body.items];
    expect(whole.map(({ details }) => details['n'])).toEqual(Array.from({ length: 100 }, (_, n) => 99 - n));
    const walked: Entry[] = [];
    let cursor: string | null = null;
    do {
      const { status, body }: ApiResponse<Page> = await ask({
        action: 'export',
        limit: '13',
        ...(cursor === null ? {} : { cursor }),
      });
      expect(status).toBe(200);
      walked.push(...body.items);
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(walked).toEqual(whole);
    const all = (await ask({ limit: '200' })).body.items.map(({ at }) => at);
    expect(all).toEqual([...all].sort().reverse());
  });

  it('filters by who, what, about whom and when', async () => {
    const customer = await registerCustomer(test);
    await test.client.get('/v1/admin/users', customer.accessToken);
    const mine = await ask({ actor: customer.user.id });
    expect(mine.body.items.map(({ action }) => action)).toEqual(['access-refused', 'account-registered']);
    const refusals = await ask({ actor: customer.user.id, action: 'access-refused' });
    expect(refusals.body.items).toEqual([mine.body.items[0]]);
    expect((await ask({ subject: customer.user.id })).body.items).toEqual([mine.body.items[1]]);
    await test.database.query(`
      INSERT INTO audit_entries (at, actor_role, action, details)
      VALUES ('2025-07-14T21:59:59.999Z', 'service', 'export', '{"n": "day"}'),
        ('2025-07-14T22:00:00Z', 'service', 'export', '{"n": "next"}')`);
    const found = async (query: Record<string, string>): Promise<unknown[]> =>
      (await ask(query)).body.items.map(({ details }) => details['n']);
    // Days are those of Paris, of which this one ends at 22:00 UTC.
    expect(await found({ from: '2025-07-14', to: '2025-07-14' })).toEqual(['day']);
    expect(await found({ from: '2025-07-15', to: '2025-07-15' })).toEqual(['next']);
    expect(await found({ from: '2025-07-14T21:59:59.999Z', to: '2025-07-15T00:00:00+02:00' })).toEqual(['day']);
    expect(await found({ to: '2025-07-15' })).toEqual(['next', 'day']);
  });

  it.each([
    ['actor', 'me'],
    ['action', 'nothing'],
    ['from', 'yesterday'],
    ['to', '2026-02-30'],
    ['limit', '0'],
    ['cursor', 'nonsense'],
    ['cursor', Buffer.from('[0,"x"]').toString('base64url')],
    ['subject', 'zero\u0000byte'],
    ['order', 'at'],
  ])('refuses %s=%j by its path', async (name, value) => {
    expectInvalid(await ask({ [name]: value }), name);
  });

  it('keeps no name and no address of somebody who was erased, and still tells what was done', async () => {
    const names = { firstName: 'Philomène', lastName: 'Perlimpinpin', email: 'philomene.p@example.fr' };
    const customer = await registerCustomer(test, names);
    await login({ email: names.email, password: 'a wrong guess' }, '203.0.113.77');
    const { body } = await login({ email: names.email, password: PASSWORD }, '203.0.113.78');
    const data = await test.client.get<{ records: { audit: object[] } }>('/v1/users/me/data', body.accessToken);
    expect(data.body.records.audit).toMatchObject([
      { action: 'data-downloaded', byMe: true },
      { action: 'sign-in', byMe: true, address: '203.0.113.78' },
      { action: 'sign-in-refused', byMe: false, address: null },
      { action: 'account-registered', byMe: true },
    ]);
    const erased = await test.client.request('DELETE', '/v1/users/me', {
      token: body.accessToken,
      headers: { 'x-forwarded-for': '203.0.113.79' },
    });
    expect(erased.status).toBe(204);
    const { items } = (await ask({ subject: customer.user.id })).body;
    expect(items.map(({ action, address }) => [action, address])).toEqual([
      ['account-erased', null],
      ['data-downloaded', null],
      ['sign-in', null],
      ['sign-in-refused', null],
      ['account-registered', null],
    ]);
    const rows = await test.database.query<{ row: string }[]>('SELECT e::text AS row FROM audit_entries e');
    const needles = needlesOf(...Object.values(names), '203.0.113.77', '203.0.113.78', '203.0.113.79');
    expect(rows.filter(({ row }) => tracesIn(row, needles).length > 0)).toEqual([]);
  });
});
