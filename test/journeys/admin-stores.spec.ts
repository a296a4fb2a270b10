import { randomUUID } from 'node:crypto';
import type { ApiResponse } from '../support/api-client';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { play } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

interface StoreBody {
  id: string;
  name: string;
  city: string;
  isActive: boolean;
  createdAt: string;
}

describe('Shops, as an administrator looks after them', () => {
  let test: TestApp;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
  });
  afterAll(async () => {
    await test.stop();
  });

  const add = (body: object) => test.client.post<StoreBody>('/v1/admin/stores', body, admin.accessToken);
  const change = (id: string, body: unknown): Promise<ApiResponse<StoreBody>> =>
    test.client.request('PATCH', `/v1/admin/stores/${id}`, { body, token: admin.accessToken });
  const list = (query = '') =>
    test.client.get<{ items: StoreBody[]; nextCursor: string | null }>(`/v1/admin/stores${query}`, admin.accessToken);
  const audited = (id: string) =>
    test.database.query<object[]>(
      `SELECT action, actor_id AS actor, details FROM audit_entries WHERE subject_id = $1 ORDER BY id`,
      [id],
    );

  it('are added, changed and listed, the oldest first, each change on record', async () => {
    const added = await add({ name: '  Thé Tip Top Étoile ', city: 'Nice' });
    expect(added.status).toBe(201);
    const { id } = added.body;
    expect(added.body).toEqual({
      id,
      name: 'Thé Tip Top Étoile',
      city: 'Nice',
      isActive: true,
      createdAt: expect.stringMatching(/Z$/) as string,
    });
    const second = await add({ name: 'Thé Tip Top Gare', city: 'Lyon', isActive: false });
    expect((await change(id, { city: 'Cannes' })).body).toEqual({ ...added.body, city: 'Cannes' });
    expect((await change(id, {})).body).toMatchObject({ name: 'Thé Tip Top Étoile', city: 'Cannes', isActive: true });
    expect((await list()).body).toEqual({ items: [{ ...added.body, city: 'Cannes' }, second.body], nextCursor: null });
    expect((await list('?isActive=false')).body.items.map((store) => store.id)).toEqual([second.body.id]);
    expect((await list('?isActive=true')).body.items.map((store) => store.id)).toEqual([id]);
    expect(await audited(id)).toMatchObject([
      { action: 'store-created', actor: admin.user.id },
      { action: 'store-updated', details: { fields: ['city'] } },
      { action: 'store-updated', details: { fields: [] } },
    ]);
  });

  it('are listed page by page, none twice and none left out', async () => {
    for (let n = 0; n < 5; n++) await add({ name: `Boutique ${n}`, city: 'Paris' });
    const whole = (await list()).body.items.map(({ id }) => id);
    const walked: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: ApiResponse<{ items: StoreBody[]; nextCursor: string | null }> = await list(
        `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      walked.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(walked.length).toBeGreaterThanOrEqual(5);
    expect(walked).toEqual(whole);
  });

  it('that hand prizes over are told to everybody, page by page; closed ones are not', async () => {
    const all = await list('?limit=200');
    const open = all.body.items.filter(({ isActive }) => isActive);
    const told = await test.client.get<{ items: object[] }>('/v1/stores?limit=200');
    expect(told.body).toEqual({ items: open.map(({ id, name, city }) => ({ id, name, city })), nextCursor: null });
    expect(open.length).toBeGreaterThan(2);
    expect(open.length).toBeLessThan(all.body.items.length);
    const first = await test.client.get<{ items: object[]; nextCursor: string }>('/v1/stores?limit=2');
    const second = await test.client.get<{ items: object[] }>(`/v1/stores?cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items]).toEqual(told.body.items);
  });

  it.each([
    ['no name', { city: 'Nice' }, ['name']],
    ['an empty city', { name: 'A', city: '   ' }, ['city']],
    ['a name too long', { name: 'x'.repeat(101), city: 'Nice' }, ['name']],
    ['markup', { name: '<b>A</b>', city: 'Nice' }, ['name']],
    ['a line break', { name: 'A', city: 'Ni\nce' }, ['city']],
    ['a zero byte', { name: 'A\u0000', city: 'Nice' }, ['name']],
    ['a state that is no state', { name: 'A', city: 'Nice', isActive: 'yes' }, ['isActive']],
    ['an unknown field', { name: 'A', city: 'Nice', id: 'x' }, ['id']],
    ['nulls', { name: null, city: null }, ['city', 'name']],
  ])('are refused with %s, and nothing is added', async (_, body, paths) => {
    const before = (await list()).body.items.length;
    expectInvalid(await add(body), ...paths);
    expect((await list()).body.items).toHaveLength(before);
  });

  it('that do not exist are not found', async () => {
    for (const id of [randomUUID(), 'nonsense']) expectProblem(await change(id, { city: 'X' }), 404, 'STORE_NOT_FOUND');
    expectInvalid(await list('?cursor=WzEsImEiXQ'), 'cursor');
  });

  it('hand no prizes over once they are closed, and do so again when they are open', async () => {
    const contest = await createContest(test, { tickets: 5 });
    const [code = ''] = await unplayedCodes(test, contest, 1);
    await play(test, code, await registerCustomer(test));
    const employee = await signInAs(test, 'employee');
    const store = (await add({ name: 'Fermée', city: 'Nantes' })).body;
    await change(store.id, { isActive: false });
    const validate = (storeId: string) =>
      test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true, storeId }, employee.accessToken);
    expectProblem(await validate(store.id), 409, 'STORE_INACTIVE');
    expectProblem(await validate(randomUUID()), 404, 'STORE_NOT_FOUND');
    const look = await test.client.get<{ ticket: object; history: object[] }>(
      `/v1/claims/${code}`,
      employee.accessToken,
    );
    expect(look.body.ticket).toMatchObject({ status: 'pending', claimedBy: null, storeId: null });
    expect(look.body.history).toHaveLength(1);
    const letters = await test.database.query<object[]>(`SELECT 1 FROM letters WHERE kind = 'prize-handed-over'`);
    expect(letters).toEqual([]);
    await change(store.id, { isActive: true });
    expect(await validate(store.id)).toMatchObject({ status: 200, body: { ticket: { storeId: store.id } } });
  });
});
