import { randomUUID } from 'node:crypto';
import { PASSWORD, registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { claimsOf } from '../support/forge';
import { startDocumentedApp } from '../support/openapi-match';
import { expectInvalid, expectProblem } from '../support/problem';
import type { TestApp } from '../support/test-app';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const PATH = '/v1/users/me/sessions';

interface Item {
  id: string;
  device: string | null;
  createdAt: string;
  lastUsedAt: string;
  expiresAt: string;
  current: boolean;
}

interface List {
  items: Item[];
  nextCursor: string | null;
}

describe('My sessions', () => {
  let test: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
    replica = await test.replica();
  });
  afterEach(() => {
    test.clock.reset();
    replica.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const list = async (token: string, query = '') => (await test.client.get<List>(PATH + query, token)).body;
  const end = (token: string | undefined, id: string, { client } = test) =>
    client.request('DELETE', `${PATH}/${id}`, { token });
  const idOf = ({ accessToken }: SessionBody) => String(claimsOf(accessToken).sid);
  const refresh = ({ client }: TestApp, { refreshToken }: SessionBody) =>
    client.post<SessionBody>('/v1/auth/refresh', { refreshToken });

  async function login(email: string, userAgent = 'tests'): Promise<SessionBody> {
    const headers = { 'user-agent': userAgent };
    return (await test.client.post<SessionBody>('/v1/auth/login', { email, password: PASSWORD }, undefined, headers))
      .body;
  }

  function moveBoth(ms: number): void {
    test.clock.moveBy(ms);
    replica.clock.moveBy(ms);
  }

  it('are listed, the newest first, with device and times, and the one that asks marked', async () => {
    const first = await registerCustomer(test);
    moveBoth(60_000);
    const second = await login(first.user.email, FIREFOX);
    moveBoth(60_000);
    await refresh(test, first);
    const { items, nextCursor } = await list(second.accessToken);
    expect(nextCursor).toBeNull();
    expect(items.map(({ id, current }) => ({ id, current }))).toEqual([
      { id: idOf(second), current: true },
      { id: idOf(first), current: false },
    ]);
    const [newest, oldest] = items as [Item, Item];
    expect(newest.device).toMatch(/Firefox/);
    expect(newest.device).toMatch(/Linux/);
    const ms = (time: string) => Date.parse(time);
    expect(ms(newest.lastUsedAt)).toBe(ms(newest.createdAt));
    expect(ms(oldest.lastUsedAt) - ms(oldest.createdAt)).toBeGreaterThanOrEqual(120_000);
    for (const { lastUsedAt, expiresAt } of items) {
      expect(ms(expiresAt) - ms(lastUsedAt)).toBe(test.config.refreshTokenTtlSeconds * 1000);
    }
    expect(Object.keys(newest).sort()).toEqual(['createdAt', 'current', 'device', 'expiresAt', 'id', 'lastUsedAt']);
  });

  it('come page by page, each once, those of one instant as well', async () => {
    const here = await registerCustomer(test);
    for (let n = 0; n < 4; n++) await login(here.user.email);
    await test.database.query(`UPDATE sessions SET created_at = date_trunc('second', created_at) WHERE user_id = $1`, [
      here.user.id,
    ]);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: List = await list(here.accessToken, `?limit=2${cursor && `&cursor=${cursor}`}`);
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
    expectInvalid(await test.client.get(`${PATH}?cursor=x`, here.accessToken), 'cursor');
    const ofAnotherList = Buffer.from(JSON.stringify([Date.now() + 60_000, 'no-uuid'])).toString('base64url');
    expect((await test.client.get(`${PATH}?cursor=${ofAnotherList}`, here.accessToken)).status).toBe(200);
    expectInvalid(await test.client.get(`${PATH}?limit=0`, here.accessToken), 'limit');
  });

  it('are mine and open: none of anybody else, none that ended or expired', async () => {
    const mine = await registerCustomer(test);
    const stranger = await registerCustomer(test);
    const out = await login(mine.user.email);
    await test.client.post('/v1/auth/logout', { refreshToken: out.refreshToken });
    expect((await list(mine.accessToken)).items.map(({ id }) => id)).toEqual([idOf(mine)]);
    moveBoth(test.config.refreshTokenTtlSeconds * 1000);
    const later = await login(mine.user.email);
    expect((await list(later.accessToken)).items.map(({ id }) => id)).toEqual([idOf(later)]);
    expect(idOf(stranger)).not.toBe(idOf(mine));
  });

  it('end one by one: neither access nor refresh token is good any more, on no replica', async () => {
    const here = await registerCustomer(test);
    const there = await login(here.user.email);
    expect(await end(here.accessToken, idOf(there))).toMatchObject({ status: 204, body: '' });
    for (const service of [replica, test]) {
      expectProblem(await service.client.get('/v1/users/me', there.accessToken), 401, 'UNAUTHENTICATED');
      expectProblem(await refresh(service, there), 401, 'INVALID_REFRESH_TOKEN');
      expect((await service.client.get('/v1/users/me', here.accessToken)).status).toBe(200);
    }
    expect((await refresh(test, here)).status).toBe(200);
    const rows = await test.database.query<unknown[]>('SELECT revoked_because FROM sessions WHERE id = $1', [
      idOf(there),
    ]);
    expect(rows).toEqual([{ revoked_because: 'ended-by-owner' }]);
  });

  it('may end themselves', async () => {
    const here = await registerCustomer(test);
    expect((await end(here.accessToken, idOf(here))).status).toBe(204);
    expectProblem(await test.client.get('/v1/users/me', here.accessToken), 401, 'UNAUTHENTICATED');
    expectProblem(await end(here.accessToken, idOf(here)), 401, 'UNAUTHENTICATED');
  });

  it('are not found where they are somebody else’s, unknown, ended, expired or no session at all', async () => {
    const here = await registerCustomer(test);
    const stranger = await registerCustomer(test);
    const ended = await login(here.user.email);
    await end(here.accessToken, idOf(ended));
    const expired = await login(here.user.email);
    await test.database.query('UPDATE sessions SET expires_at = created_at WHERE id = $1', [idOf(expired)]);
    for (const id of [idOf(stranger), randomUUID(), idOf(ended), idOf(expired), 'x', "';--", 'null', '%00']) {
      expectProblem(await end(here.accessToken, encodeURIComponent(id)), 404, 'SESSION_NOT_FOUND');
    }
    expect((await test.client.get('/v1/users/me', stranger.accessToken)).status).toBe(200);
  });

  it('are for who is signed in, whatever the role', async () => {
    expectProblem(await test.client.get(PATH), 401, 'UNAUTHENTICATED');
    expectProblem(await end(undefined, randomUUID()), 401, 'UNAUTHENTICATED');
    for (const role of ['employee', 'admin'] as const) {
      const session = await signInAs(test, role);
      expect((await list(session.accessToken)).items).toHaveLength(1);
      expect((await end(session.accessToken, idOf(session))).status).toBe(204);
    }
  });
});
