import { randomUUID } from 'node:crypto';
import type { ApiResponse } from '../support/api-client';
import { turnOnSecondFactor } from '../support/authenticator';
import {
  createContest,
  PASSWORD,
  registerCustomer,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { play } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

type User = SessionBody['user'];

interface Detail extends User {
  tickets: { total: number; latest: { code: string; status: string; prize: { id: string; name: string } }[] };
  sessions: { id: string; device: string | null }[];
  consents: { kind: string; granted: boolean }[];
  identities: object[];
  secondFactor: { enabled: boolean; since: string | null };
  history: { action: string; actor: { id: string | null }; details: object }[];
}

describe('An administrator', () => {
  let test: TestApp;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin', { firstName: 'Adèle', lastName: 'Administre' });
  });
  afterAll(async () => {
    await test.stop();
  });

  const detail = async (id: string): Promise<ApiResponse<Detail>> =>
    test.client.get<Detail>(`/v1/admin/users/${id}`, admin.accessToken);

  const change = async (id: string, body: unknown, by = admin): Promise<ApiResponse<User>> =>
    test.client.request<User>('PATCH', `/v1/admin/users/${id}`, { body, token: by.accessToken });

  const me = async ({ accessToken }: SessionBody): Promise<ApiResponse> => test.client.get('/v1/users/me', accessToken);

  const login = async ({ user }: SessionBody): Promise<ApiResponse<SessionBody>> =>
    test.client.post<SessionBody>('/v1/auth/login', { email: user.email, password: PASSWORD });

  const history = async (id: string): Promise<unknown[]> =>
    (await detail(id)).body.history.map(({ action, actor, details }) => [action, actor.id, details]);

  describe('looks at an account', () => {
    it('with its profile, tickets, sessions, consents, second factor and history', async () => {
      const contest = await createContest(test, { tickets: 30 });
      const customer = await registerCustomer(test, { newsletter: true });
      const codes = await unplayedCodes(test, contest, 22);
      for (const code of codes) await play(test, code, customer);
      await turnOnSecondFactor(test, customer);
      await test.database.query(
        `INSERT INTO identities (provider, subject, user_id, linked_at, last_used_at)
         VALUES ('google', 'the subject', $1, now(), now())`,
        [customer.user.id],
      );
      const { status, body } = await detail(customer.user.id);
      expect(status).toBe(200);
      expect(body).toMatchObject({ ...customer.user, newsletter: true, invitationPending: false });
      expect(body.tickets.total).toBe(22);
      expect(body.tickets.latest.map(({ code }) => code)).toEqual(codes.slice(2).reverse());
      expect(body.tickets.latest[0]).toEqual({
        code: codes.at(-1),
        status: 'pending',
        prize: { id: expect.any(String) as string, name: expect.any(String) as string },
        playedAt: expect.stringMatching(/Z$/) as string,
        claimedAt: null,
      });
      expect(body.sessions).toHaveLength(1);
      expect(body.consents.map(({ kind, granted }) => [kind, granted]).sort()).toEqual([
        ['newsletter', true],
        ['terms', true],
      ]);
      expect(body.identities).toEqual([
        {
          provider: 'google',
          linkedAt: expect.stringMatching(/Z$/) as string,
          lastUsedAt: expect.stringMatching(/Z$/) as string,
        },
      ]);
      expect(body.secondFactor).toEqual({ enabled: true, since: expect.stringMatching(/Z$/) as string });
      expect(body.history.map(({ action }) => action)).toEqual(['second-factor-on', 'account-registered']);
      expect(JSON.stringify(body)).not.toMatch(/argon2|password_?hash|the subject/i);
    });

    it('of sessions only those that are open', async () => {
      const customer = await registerCustomer(test);
      await test.client.post('/v1/auth/logout', { refreshToken: customer.refreshToken });
      expect((await detail(customer.user.id)).body.sessions).toEqual([]);
      await login(customer);
      expect((await detail(customer.user.id)).body.sessions).toHaveLength(1);
    });

    it('and is told where there is none, or none any more', async () => {
      const customer = await registerCustomer(test);
      await test.client.request('DELETE', '/v1/users/me', { token: customer.accessToken });
      for (const id of [randomUUID(), 'nobody', customer.user.id]) {
        expectProblem(await detail(id), 404, 'USER_NOT_FOUND');
        expectProblem(await change(id, { firstName: 'Jean' }), 404, 'USER_NOT_FOUND');
        const invited = await test.client.post(`/v1/admin/users/${id}/invitation`, undefined, admin.accessToken);
        expectProblem(invited, 404, 'USER_NOT_FOUND');
      }
    });
  });

  describe('changes a role', () => {
    it('which counts at the very next request, up and down', async () => {
      const person = await registerCustomer(test);
      const { id } = person.user;
      const claims = async (): Promise<ApiResponse> => test.client.get('/v1/claims', person.accessToken);
      const administer = async (): Promise<ApiResponse> => test.client.get('/v1/admin/users', person.accessToken);
      expectProblem(await claims(), 403, 'FORBIDDEN');
      const { status, body } = await change(id, { role: 'employee' });
      expect({ status, role: body.role, id: body.id }).toEqual({ status: 200, role: 'employee', id });
      expect((await claims()).status).toBe(200);
      expectProblem(await administer(), 403, 'FORBIDDEN');
      await change(id, { role: 'admin' });
      expect((await administer()).status).toBe(200);
      await change(id, { role: 'customer' });
      expectProblem(await administer(), 403, 'FORBIDDEN');
      expectProblem(await claims(), 403, 'FORBIDDEN');
      expect((await history(id)).slice(0, 3)).toEqual([
        ['role-changed', admin.user.id, { from: 'admin', to: 'customer' }],
        ['role-changed', admin.user.id, { from: 'employee', to: 'admin' }],
        ['role-changed', admin.user.id, { from: 'customer', to: 'employee' }],
      ]);
    });

    it('of their own as well, but for the last one of them', async () => {
      const other = await signInAs(test, 'admin');
      expect((await change(other.user.id, { role: 'employee' }, other)).body.role).toBe('employee');
      for (const body of [{ role: 'customer' }, { isActive: false }]) {
        expectProblem(await change(admin.user.id, { ...body, firstName: 'Zoé' }), 409, 'LAST_ADMIN');
      }
      expect((await detail(admin.user.id)).body).toMatchObject({ role: 'admin', isActive: true, firstName: 'Adèle' });
      expect((await history(admin.user.id)).slice(0, 2)).toEqual([
        ['account-change-refused', admin.user.id, { reason: 'LAST_ADMIN' }],
        ['account-change-refused', admin.user.id, { reason: 'LAST_ADMIN' }],
      ]);
    });
  });

  describe('archives an account', () => {
    it('whose owner is out at once, everywhere, and is told why', async () => {
      const customer = await registerCustomer(test);
      const { id } = customer.user;
      const elsewhere = (await login(customer)).body;
      expect((await change(id, { isActive: false })).body.isActive).toBe(false);
      for (const session of [customer, elsewhere]) {
        expectProblem(await me(session), 403, 'ACCOUNT_ARCHIVED');
        const { refreshToken } = session;
        expectProblem(await test.client.post('/v1/auth/refresh', { refreshToken }), 403, 'ACCOUNT_ARCHIVED');
      }
      expectProblem(await login(customer), 403, 'ACCOUNT_ARCHIVED');
      const { body } = await detail(id);
      expect(body).toMatchObject({ isActive: false, sessions: [] });
      const ends = await test.database.query<unknown[]>(
        'SELECT DISTINCT revoked_because AS because FROM sessions WHERE user_id = $1',
        [id],
      );
      expect(ends).toEqual([{ because: 'archived' }]);
    });

    it('and restores it: its owner signs in anew, and what they won is theirs', async () => {
      const customer = await registerCustomer(test);
      const { id } = customer.user;
      const contest = await createContest(test, { tickets: 3 });
      const [code] = await unplayedCodes(test, contest, 1);
      await play(test, code, customer);
      await change(id, { isActive: false });
      expect((await change(id, { isActive: true })).body.isActive).toBe(true);
      // The sessions of before stay ended.
      expectProblem(await me(customer), 401, 'UNAUTHENTICATED');
      const { refreshToken } = customer;
      expectProblem(await test.client.post('/v1/auth/refresh', { refreshToken }), 401, 'INVALID_REFRESH_TOKEN');
      const { accessToken } = (await login(customer)).body;
      const { body } = await test.client.get<{ items: { code: string }[] }>('/v1/users/me/tickets', accessToken);
      expect(body.items.map((ticket) => ticket.code)).toEqual([code]);
      const acts = (await history(id)) as string[][];
      expect(acts.map(([action]) => action).slice(1, 4)).toEqual([
        'account-restored',
        'account-archived',
        'account-registered',
      ]);
    });
  });

  it('corrects a name, by which the person is found from then on; of it the history keeps nothing', async () => {
    const customer = await registerCustomer(test, { firstName: 'Hortense', lastName: 'Fautedefrappe' });
    const { id } = customer.user;
    expect((await change(id, { lastName: ' Éclair ' })).body).toMatchObject({
      firstName: 'Hortense',
      lastName: 'Éclair',
    });
    const search = async (text: string): Promise<string[]> =>
      (await test.client.get<{ items: User[] }>(`/v1/admin/users?search=${text}`, admin.accessToken)).body.items.map(
        (user) => user.id,
      );
    expect(await search('eclair')).toEqual([id]);
    expect(await search('fautedefrappe')).toEqual([]);
    expect(await history(id)).toEqual([
      ['account-updated', admin.user.id, { fields: ['lastName'] }],
      ['account-registered', id, { method: 'password' }],
    ]);
  });

  it('changes all that was asked for at once, and leaves no trace of what was so already', async () => {
    const customer = await registerCustomer(test);
    const { id } = customer.user;
    const before = (await detail(id)).body;
    await change(id, {});
    await change(id, { role: 'customer', isActive: true, firstName: before['firstName'] });
    expect((await detail(id)).body).toEqual(before);
    await change(id, { role: 'employee', isActive: false, firstName: 'Aline' });
    expect((await history(id)).map((entry) => (entry as string[])[0]).slice(0, 3)).toEqual([
      'account-updated',
      'account-archived',
      'role-changed',
    ]);
  });

  it.each([
    ['role', 'owner'],
    ['role', null],
    ['isActive', 'no'],
    ['isActive', null],
    ['firstName', ''],
    ['lastName', '<b>'],
    ['email', 'other@example.fr'],
    ['id', randomUUID()],
  ])('is refused %s=%j by its path, and nothing changes', async (name, value) => {
    const { user } = await registerCustomer(test);
    expectInvalid(await change(user.id, { lastName: 'Autre', [name]: value }), name);
    expect((await detail(user.id)).body).toMatchObject(user);
  });
});
