import type { ApiResponse } from '../support/api-client';
import { registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { secretsInLog } from '../support/log-scan';
import { expectInvalid } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

interface User {
  id: string;
  email: string;
  firstName: string;
  lastName: string;
  role: string;
  isActive: boolean;
  createdAt: string;
  lastActiveAt: string;
}

interface Page {
  items: User[];
  nextCursor: string | null;
  total?: number;
}

const COUNT = 300;
const SORTS = ['createdAt', '-createdAt', 'name', '-name', 'lastActiveAt', '-lastActiveAt'];

describe('GET /v1/admin/users', () => {
  let test: TestApp;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    // Many of one millisecond, and many of one name.
    await test.database.query(
      `INSERT INTO users (email, email_key, first_name, last_name, birth_date, role, is_active, search_text,
         last_active_at, created_at, updated_at)
       SELECT 'n' || n || '@example.fr', 'n' || n || '@example.fr', 'Prénom' || n % 5, 'Nom' || n % 20, '1990-05-17',
         CASE WHEN n % 10 = 0 THEN 'employee' ELSE 'customer' END, n % 7 <> 0,
         'prenom' || n % 5 || ' nom' || n % 20 || ' n' || n || '@example.fr',
         timestamptz '2026-02-01T00:00:00Z' + (n % 30) * interval '1 hour',
         timestamptz '2026-01-01T00:00:00Z' + (n % 40) * interval '1 ms', now()
       FROM generate_series(1, $1::int) n`,
      [COUNT],
    );
    admin = await signInAs(test, 'admin', { firstName: 'Adèle', lastName: 'Administre' });
  });
  afterAll(async () => {
    await test.stop();
  });

  const list = async (query: Record<string, string> = {}): Promise<ApiResponse<Page>> =>
    test.client.get<Page>(`/v1/admin/users?${new URLSearchParams(query).toString()}`, admin.accessToken);

  /** Every page of a list, from the first to the last. */
  async function walk(
    query: Record<string, string>,
    between: (page: number) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<User[]> {
    const walked: User[] = [];
    let cursor: string | null = null;
    let page = 0;
    do {
      const { status, body }: ApiResponse<Page> = await list({ ...query, ...(cursor === null ? {} : { cursor }) });
      expect(status).toBe(200);
      walked.push(...body.items);
      cursor = body.nextCursor;
      await between(page++);
    } while (cursor !== null);
    return walked;
  }

  it('shows the newest first, with how many there are', async () => {
    const { body } = await list();
    expect(body.items).toHaveLength(50);
    expect(body.total).toBe(COUNT + 1);
    expect(body.items[0]).toEqual({
      ...admin.user,
      lastActiveAt: expect.stringMatching(/Z$/) as string,
      invitationPending: false,
    });
    const times = body.items.map(({ createdAt }) => createdAt);
    expect(times).toEqual([...times].sort().reverse());
    expect((await list({ cursor: body.nextCursor! })).body.total).toBeUndefined();
  });

  it.each(SORTS)('goes through all of them by %s, without gap or repetition', async (sort) => {
    const walked = await walk({ sort, limit: '23' });
    expect(new Set(walked.map(({ id }) => id)).size).toBe(COUNT + 1);
    expect(walked).toHaveLength(COUNT + 1);
    const name = sort.replace('-', '');
    const key = (user: User): string =>
      name === 'name' ? `${user.lastName} ${user.firstName}`.toLowerCase() : user[name as 'createdAt' | 'lastActiveAt'];
    const keys = walked.map(key);
    const sorted = [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    expect(keys).toEqual(sort.startsWith('-') ? sorted.reverse() : sorted);
  });

  it('sorts names as people do: without regard to accents and case, the last name first', async () => {
    const people = [
      ['Zoé', 'Éclair'],
      ['ana', 'echo'],
      ['Ana', 'Zut'],
      ['Léa', 'ÉCHO'],
      ['Bo', 'Ebène'],
    ] as const;
    for (const [firstName, lastName] of people) {
      await registerCustomer(test, {
        firstName,
        lastName,
        email: `${firstName}.${lastName}.tri@example.fr`.normalize('NFD').replace(/\p{M}/gu, ''),
      });
    }
    const { body } = await list({ search: '.tri@', sort: 'name' });
    expect(body.items.map(({ lastName }) => lastName)).toEqual(['Ebène', 'echo', 'ÉCHO', 'Éclair', 'Zut']);
    await test.database.query(`UPDATE users SET erased_at = now(), is_active = false, password_hash = NULL,
      email_verified_at = NULL WHERE email LIKE '%.tri@%'`);
  });

  it('does not list who was erased', async () => {
    const { user, accessToken } = await registerCustomer(test);
    expect((await list({ search: user.email })).body).toMatchObject({ items: [{ id: user.id }], total: 1 });
    await test.client.request('DELETE', '/v1/users/me', { token: accessToken });
    expect((await list({ search: user.email })).body).toEqual({ items: [], nextCursor: null, total: 0 });
    expect((await list({ search: 'erased' })).body.items).toEqual([]);
    expect((await walk({ limit: '200' })).map(({ id }) => id)).not.toContain(user.id);
  });

  it('filters by role, by whether active, and by both with a search', async () => {
    const employees = await walk({ role: 'employee', limit: '200' });
    expect(employees).toHaveLength(COUNT / 10);
    expect(new Set(employees.map(({ role }) => role))).toEqual(new Set(['employee']));
    const archived = await list({ isActive: 'false', limit: '200' });
    expect(archived.body.items).toHaveLength(Math.floor(COUNT / 7));
    expect(archived.body.items.filter(({ isActive }) => isActive)).toEqual([]);
    expect(archived.body.total).toBe(Math.floor(COUNT / 7));
    // n divisible by 70 and ending in nom10.
    const both = await list({ isActive: 'false', role: 'employee', search: 'nom10' });
    expect(both.body.items.map(({ email }) => email).sort()).toEqual(['n210@example.fr', 'n70@example.fr']);
  });

  it.each([
    ['a name without its accents', 'administre ADELE', 1],
    ['a part of an e-mail address', 'n299@', 1],
    ['words of which one fits nobody', 'nom1 personne', 0],
    ['a per cent sign as itself', '%%%', 0],
    ['an underscore as itself', 'n_m', 0],
    ['nothing but blanks', '   ', COUNT + 1],
  ])('finds %s', async (_, search, count) => {
    expect((await list({ search })).body.total).toBe(count);
  });

  it.each(SORTS)(
    'walks by %s while accounts come and change, and misses and repeats none that did not',
    async (sort) => {
      const untouched = await walk({ limit: '200', search: 'example.fr', sort });
      const changed = new Set(untouched.filter((_, n) => n % 11 === 0).map(({ id }) => id));
      const victims = [...changed];
      const walked = await walk({ limit: '23', search: 'example.fr', sort }, async () => {
        // One of those to come and one of those seen move to the other end of the list, and somebody new arrives.
        const some = [victims.shift(), victims.pop()].filter((id) => id !== undefined);
        await test.database.query(
          `UPDATE users SET last_name = CASE WHEN last_name < 'N' THEN 'Zz' ELSE 'Aa' END, last_active_at = now(),
           created_at = CASE WHEN random() < 0.5 THEN now() ELSE '2020-01-01' END WHERE id = ANY ($1)`,
          [some],
        );
        await test.database.query(
          `INSERT INTO users (email, email_key, first_name, last_name, birth_date, search_text, created_at, updated_at)
         SELECT e, e, 'Nouveau', 'Mmm', '1990-01-01', e, now(), now()
         FROM (SELECT md5(random()::text) || '@example.fr' AS e) v`,
        );
      });
      const quiet = untouched.filter(({ id }) => !changed.has(id)).map(({ id }) => id);
      const seen = walked.map(({ id }) => id).filter((id) => quiet.includes(id));
      expect(seen).toEqual(quiet);
    },
  );

  it.each([
    ['limit', '201'],
    ['role', 'owner'],
    ['isActive', 'yes'],
    ['isActive', ''],
    ['sort', 'email'],
    ['search', 'x'.repeat(201)],
    ['search', 'zero\u0000byte'],
    ['cursor', 'nonsense'],
    ['cursor', Buffer.from('["-createdAt",1,"x"]').toString('base64url')],
    ['cursor', Buffer.from('["-createdAt","x","3f0c1de2-5a0e-4d2c-9d0b-0f4b8e0f6a11"]').toString('base64url')],
    ['cursor', Buffer.from('["name","x","3f0c1de2-5a0e-4d2c-9d0b-0f4b8e0f6a11"]').toString('base64url')],
    ['player', 'me'],
  ])('refuses %s=%j by its path', async (name, value) => {
    expectInvalid(await list({ [name]: value }), name);
  });

  it('refuses names in a cursor that the database could not read', async () => {
    for (const key of ['a\u0000', 'x'.repeat(121), '\ud800', 7]) {
      const cursor = Buffer.from(JSON.stringify(['name', key, admin.user.id])).toString('base64url');
      expectInvalid(await list({ sort: 'name', cursor }), 'cursor');
    }
  });

  it('leaves neither searches nor people in the log', async () => {
    await list({ search: 'administre' });
    await list({ search: 'introuvable' });
    expect(await secretsInLog([test], ['Administre', 'administre', 'introuvable', admin.accessToken])).toEqual([]);
  });
});
