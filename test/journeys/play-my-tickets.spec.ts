import type { ApiResponse } from '../support/api-client';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { play, type PlayBody, withHands } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

interface MyTicket {
  code: string;
  status: string;
  playedAt: string;
  claimEndsAt: string;
  claimedAt: string | null;
  prize: Record<string, unknown>;
}

interface Page {
  items: MyTicket[];
  nextCursor: string | null;
}

describe('GET /v1/users/me/tickets', () => {
  let test: TestApp;
  let mine: SessionBody;
  let stranger: SessionBody;
  let plays: PlayBody[];

  beforeAll(async () => {
    test = await startTestApp();
    const contest = await createContest(test, { tickets: 60 });
    const codes = await unplayedCodes(test, contest, 60);
    [mine, stranger] = [await registerCustomer(test), await registerCustomer(test)];
    // At once, so that several are played in the same millisecond.
    const answers = await withHands(12, codes.slice(0, 52), (code) => play(test, code, mine));
    plays = answers.map(({ body }) => body);
    await play(test, codes[52], stranger);
  });
  afterAll(async () => {
    await test.stop();
  });

  const list = (query = '', by = mine): Promise<ApiResponse<Page>> =>
    test.client.get<Page>(`/v1/users/me/tickets${query}`, by.accessToken);

  /** All pages of a size, one after the other. */
  async function pages(limit: number): Promise<MyTicket[][]> {
    const result: MyTicket[][] = [];
    let cursor: string | null = null;
    do {
      const { status, body }: ApiResponse<Page> = await list(`?limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`);
      expect(status).toBe(200);
      result.push(body.items);
      cursor = body.nextCursor;
    } while (cursor !== null);
    return result;
  }

  it('shows what I won as the plays told it, the newest first', async () => {
    const { status, body } = await list('?limit=200');
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['items', 'nextCursor']);
    expect(body.nextCursor).toBeNull();
    const expected = plays.map(({ ticket, prize }) => ({ ...ticket, claimedAt: null, expired: false, prize }));
    const byCode = (a: { code: string }, b: { code: string }): number => (a.code < b.code ? -1 : 1);
    expect([...body.items].sort(byCode)).toEqual([...expected].sort(byCode));
    const times = body.items.map(({ playedAt }) => playedAt);
    expect(times).toEqual([...times].sort().reverse());
  });

  it('gives fifty at a time unless told otherwise', async () => {
    const { body } = await list();
    expect(body.items).toHaveLength(50);
    const rest = await list(`?cursor=${body.nextCursor ?? ''}`);
    expect(rest.body.items).toHaveLength(2);
    expect(rest.body.nextCursor).toBeNull();
  });

  it.each([1, 7, 26, 51, 52, 53, 200])('goes through in pages of %i without a gap or a repetition', async (limit) => {
    const [whole] = await pages(200);
    const parts = await pages(limit);
    expect(parts.flat()).toEqual(whole);
    expect(parts.slice(0, -1).every((part) => part.length === limit)).toBe(true);
    expect(parts).toHaveLength(Math.ceil(52 / limit));
  });

  it('keeps its place when newer plays come in between', async () => {
    const first = await list('?limit=20');
    const [code] = await unplayedCodes(test, { id: await contestId() } as never, 1);
    expect((await play(test, code, mine)).status).toBe(200);
    const second = await list(`?limit=200&cursor=${first.body.nextCursor ?? ''}`);
    const seen = [...first.body.items, ...second.body.items].map((item) => item.code);
    expect([...seen].sort()).toEqual(plays.map(({ ticket }) => ticket.code).sort());
    expect((await list('?limit=1')).body.items[0]?.code).toBe(code);
  });

  it('shows nobody else’s, and nothing to who has none', async () => {
    expect((await list('', stranger)).body.items).toHaveLength(1);
    expect((await list('', await registerCustomer(test))).body).toEqual({ items: [], nextCursor: null });
    expectProblem(await test.client.get('/v1/users/me/tickets'), 401, 'UNAUTHENTICATED');
    // A cursor is a place in a list, no key to another one's.
    const { body } = await list('?limit=1');
    const theirs = await list(`?cursor=${body.nextCursor ?? ''}`, stranger);
    expect(theirs.body.items.every(({ code }) => plays.every(({ ticket }) => ticket.code !== code))).toBe(true);
  });

  it('shows when a prize was fetched, and that it is waiting again after an undo', async () => {
    const { code } = plays[0]!.ticket;
    const [employee, admin] = [await signInAs(test, 'employee'), await signInAs(test, 'admin')];
    const find = async (): Promise<MyTicket | undefined> =>
      (await list('?limit=200')).body.items.find((item) => item.code === code);
    const validated = await test.client.post<{ ticket: { claimedAt: string } }>(
      `/v1/claims/${code}/validate`,
      { identityChecked: true },
      employee.accessToken,
    );
    expect(await find()).toMatchObject({ status: 'claimed', claimedAt: validated.body.ticket.claimedAt });
    await test.client.post(`/v1/claims/${code}/undo`, { reason: 'Erreur' }, admin.accessToken);
    expect(await find()).toMatchObject({ status: 'pending', claimedAt: null });
  });

  it.each(['0', '-1', '201', '1.5', 'abc', '1e9', 'NaN'])('refuses a limit of %s', async (limit) => {
    expectInvalid(await list(`?limit=${limit}`), 'limit');
  });

  it.each([
    ['nonsense', 'nonsense'],
    ['JSON of another shape', Buffer.from('{"at":1}').toString('base64url')],
    ['half a place', Buffer.from('[1]').toString('base64url')],
    ['a time that is none', Buffer.from('["x","y"]').toString('base64url')],
    ['a time beyond all time', Buffer.from('[9e15,"y"]').toString('base64url')],
    ['a time before all databases', Buffer.from('[-8.64e15,"y"]').toString('base64url')],
    ['a text with a zero byte', Buffer.from('[1,"\\u0000"]').toString('base64url')],
    ['a text without end', 'A'.repeat(501)],
  ])('refuses a cursor that no list gave out: %s', async (_, cursor) => {
    expectInvalid(await list(`?cursor=${cursor}`), 'cursor');
  });

  it('refuses parameters it does not know, and one given twice', async () => {
    expectInvalid(await list('?status=pending'), 'status');
    expectInvalid(await list('?playerId=someone-else'), 'playerId');
    expectInvalid(await list('?limit=1&limit=2'), 'limit');
  });

  async function contestId(): Promise<string> {
    const [row] = await test.database.query<{ id: string }[]>('SELECT id FROM contests');
    return row!.id;
  }
});
