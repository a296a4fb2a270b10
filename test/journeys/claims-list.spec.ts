import type { ApiResponse } from '../support/api-client';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { secretsInLog } from '../support/log-scan';
import { play, type PlayBody, withHands } from '../support/plays';
import { expectInvalid } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

interface Item {
  code: string;
  status: string;
  playedAt: string;
  prize: { id: string; name: string };
  player: { firstName: string; lastName: string };
}

interface Page {
  items: Item[];
  nextCursor: string | null;
}

const PEOPLE = [
  { firstName: 'Hélène', lastName: 'Dùpont-Ôtard', email: 'helene.dupont@example.fr' },
  { firstName: 'Jean', lastName: 'Cent%Pur', email: 'jean.cent@example.com' },
  { firstName: 'Rosa', lastName: 'Under_Score', email: 'rosa.u@example.com' },
  { firstName: 'Max', lastName: 'Back\\Slash', email: 'max.b@example.com' },
  { firstName: 'Ægir', lastName: 'Ñuñez', email: 'aegir+the@example.org' },
  { firstName: 'Alexandria', lastName: 'Quote’O"Neil', email: 'alex@example.org' },
];

describe('GET /v1/claims', () => {
  let test: TestApp;
  let employee: SessionBody;
  const wins = new Map<string, PlayBody>();
  const winOf = (email: string): PlayBody => wins.get(email)!;
  let codes: string[];
  let many: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    employee = await signInAs(test, 'employee');
    const contest = await createContest(test, { tickets: 100 });
    codes = await unplayedCodes(test, contest, 100);
    for (const person of PEOPLE) {
      const session = await registerCustomer(test, person);
      wins.set(person.email, (await play(test, codes.pop(), session)).body);
    }
    many = await registerCustomer(test, { firstName: 'Plusieurs', lastName: 'Tickets' });
    // At once, so that several are played in the same millisecond.
    await withHands(12, codes.splice(0, 60), (code) => play(test, code, many));
  });
  afterAll(async () => {
    await test.stop();
  });

  const list = (query: Record<string, string> = {}): Promise<ApiResponse<Page>> =>
    test.client.get<Page>(`/v1/claims?${new URLSearchParams(query).toString()}`, employee.accessToken);

  async function pages(query: Record<string, string>): Promise<Item[][]> {
    const result: Item[][] = [];
    let cursor: string | null = null;
    do {
      const { status, body }: ApiResponse<Page> = await list({ ...query, ...(cursor === null ? {} : { cursor }) });
      expect(status).toBe(200);
      result.push(body.items);
      cursor = body.nextCursor;
    } while (cursor !== null);
    return result;
  }

  /** The first names of those whom a search finds. */
  async function found(search: string): Promise<string[]> {
    const { status, body } = await list({ search, limit: '200' });
    expect(status).toBe(200);
    return [...new Set(body.items.map(({ player }) => player.firstName))].sort();
  }

  it('shows what is waiting, the oldest first, with no more of the person than a name', async () => {
    const { status, body } = await list({ limit: '200' });
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['items', 'nextCursor']);
    expect(body.items).toHaveLength(66);
    const [first] = body.items;
    const oldest = winOf(PEOPLE[0]!.email);
    expect(first).toEqual({
      code: oldest.ticket.code,
      status: 'pending',
      playedAt: oldest.ticket.playedAt,
      expired: false,
      prize: { id: oldest.prize.id, name: oldest.prize.name },
      player: { firstName: 'Hélène', lastName: 'Dùpont-Ôtard' },
    });
    const times = body.items.map(({ playedAt }) => playedAt);
    expect(times).toEqual([...times].sort());
    expect(JSON.stringify(body)).not.toMatch(/@example|birthDate/);
  });

  it('is of pending tickets unless claimed ones are asked for', async () => {
    const { code } = winOf('max.b@example.com').ticket;
    await test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken);
    expect((await list({ limit: '200' })).body.items.map((item) => item.code)).not.toContain(code);
    const claimed = await list({ status: 'claimed' });
    expect(claimed.body.items.map((item) => [item.code, item.status])).toEqual([[code, 'claimed']]);
    const admin = await signInAs(test, 'admin');
    await test.client.post(`/v1/claims/${code}/undo`, { reason: 'Test' }, admin.accessToken);
    // Back in its old place: it is still one of the oldest.
    expect((await list()).body.items.slice(0, PEOPLE.length).map((item) => item.code)).toContain(code);
    expect((await list({ status: 'claimed' })).body).toEqual({ items: [], nextCursor: null });
  });

  it.each(['1', '7', '33', '65', '66', '67', '200'])(
    'goes through in pages of %s without gap or repetition',
    async (limit) => {
      const [whole] = await pages({ limit: '200' });
      const parts = await pages({ limit });
      expect(parts.flat()).toEqual(whole);
      expect(parts).toHaveLength(Math.ceil(66 / Number(limit)));
    },
  );

  it('gives fifty at a time unless told otherwise', async () => {
    expect((await list()).body.items).toHaveLength(50);
  });

  it('loses nobody while prizes are handed over between two pages', async () => {
    const first = await list({ limit: '20' });
    const handedOver = first.body.items.slice(10, 15).map(({ code }) => code);
    for (const code of handedOver) {
      await test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken);
    }
    const rest = await list({ limit: '200', cursor: first.body.nextCursor ?? '' });
    const seen = [...first.body.items, ...rest.body.items].map(({ code }) => code);
    expect(new Set(seen).size).toBe(66);
    expect(seen).toHaveLength(66);
  });

  describe('searches', () => {
    it.each([
      ['a first name without its accents', 'helene', ['Hélène']],
      ['a first name with them, in upper case', 'HÉLÈNE', ['Hélène']],
      ['a part of a last name', 'dupont', ['Hélène']],
      ['accents written apart', 'he\u0301le\u0300ne', ['Hélène']],
      ['first and last name, in either order', 'otard hélène', ['Hélène']],
      ['words of which one fits nobody', 'helene smith', []],
      ['a whole e-mail address', 'jean.cent@example.com', ['Jean']],
      ['an e-mail address in upper case', 'AEGIR+THE@EXAMPLE.ORG', ['Ægir']],
      ['a part of an e-mail address', '@example.org', ['Alexandria', 'Ægir']],
      ['a letter with a tilde', 'nunez', ['Ægir']],
      ['a name of ten letters, which could be a code', 'Alexandria', ['Alexandria']],
      ['a per cent sign as itself', '%', ['Jean']],
      ['an underscore as itself', '_', ['Rosa']],
      ['a backslash as itself', '\\', ['Max']],
      ['quotes', `’o"neil`, ['Alexandria']],
      ['SQL', `' OR 1=1 --`, []],
      ['nobody', 'introuvable', []],
    ])('%s', async (_, search, names) => {
      expect(await found(search)).toEqual(names);
    });

    it('a code, however it is typed', async () => {
      const { code } = winOf('rosa.u@example.com').ticket;
      for (const search of [code, code.toLowerCase(), `${code.slice(0, 5)}-${code.slice(5)}`, ` ${code} `]) {
        expect((await list({ search })).body.items.map((item) => item.code)).toEqual([code]);
      }
    });

    it('an unplayed code in vain: it is nobody’s', async () => {
      expect((await list({ search: codes[0] ?? '' })).body).toEqual({ items: [], nextCursor: null });
    });

    it('everything where the search is blank', async () => {
      for (const search of ['', '   ']) expect((await list({ search })).body.items).toHaveLength(50);
    });

    it('page by page', async () => {
      const parts = await pages({ search: 'plusieurs', limit: '25' });
      const [whole] = await pages({ search: 'plusieurs', limit: '200' });
      expect(parts.flat()).toEqual(whole);
      expect(parts).toHaveLength(Math.ceil(whole!.length / 25));
      expect(whole!.every(({ player }) => player.firstName === 'Plusieurs')).toBe(true);
    });
  });

  it.each([
    ['limit', '0'],
    ['limit', '201'],
    ['limit', '2.5'],
    ['limit', 'all'],
    ['cursor', 'nonsense'],
    ['cursor', Buffer.from('[null,"x"]').toString('base64url')],
    ['cursor', Buffer.from('[-8.64e15,"x"]').toString('base64url')],
    ['status', 'unclaimed'],
    ['status', ''],
    ['search', 'x'.repeat(201)],
    ['search', 'zero\u0000byte'],
    ['player', 'me'],
  ])('refuses %s=%j by its path', async (name, value) => {
    expectInvalid(await list({ [name]: value }), name);
  });

  it('refuses a parameter given twice', async () => {
    const answer = await test.client.get('/v1/claims?search=a&search=b', employee.accessToken);
    expectInvalid(answer, 'search');
  });

  it('leaves neither searches nor people in the log', async () => {
    const names = PEOPLE.flatMap(({ lastName }) => [lastName, JSON.stringify(lastName).slice(1, -1)]);
    expect(await secretsInLog([test], [...names, 'introuvable', employee.accessToken])).toEqual([]);
  });
});
