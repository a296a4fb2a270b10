import type { Contest } from '@tiptop/game';
import type { ApiResponse } from '../support/api-client';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { secretsInLog } from '../support/log-scan';
import { play, type PlayBody, withHands } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

interface Item {
  code: string;
  status: string;
  prize: { id: string; name: string } | null;
  player: { id: string; firstName: string; lastName: string; email: string | null } | null;
  playedAt: string | null;
  claimedAt: string | null;
  claimedBy: { id: string; firstName: string; lastName: string } | null;
  store: { id: string; name: string; city: string } | null;
}

interface Page {
  items: Item[];
  nextCursor: string | null;
}

interface Row {
  code: string;
  contest_id: string;
  status: string;
  played_at: Date | null;
  claimed_at: Date | null;
  prize_id: string | null;
  player_id: string | null;
  store_id: string | null;
}

describe('GET /v1/admin/tickets', () => {
  let test: TestApp;
  let admin: SessionBody;
  let employee: SessionBody;
  let contest: Contest;
  let other: Contest;
  let helene: SessionBody;
  let many: SessionBody;
  let storeId: string;
  const wins: PlayBody[] = [];

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
    employee = await signInAs(test, 'employee');
    other = await createContest(test, { tickets: 20, startsAt: new Date(Date.now() - 86_400_000) });
    contest = await createContest(test, { tickets: 150 });
    const [store] = await test.database.query<{ id: string }[]>(
      `INSERT INTO stores (name, city, created_at) VALUES ('Thé Tip Top Nice', 'Nice', now()) RETURNING id`,
    );
    storeId = store?.id ?? '';
    helene = await registerCustomer(test, { firstName: 'Hélène', lastName: 'Dùpont', email: 'helene@example.fr' });
    many = await registerCustomer(test, { firstName: 'Plusieurs', lastName: 'Tickets' });
    const codes = await unplayedCodes(test, contest, 70);
    const played = [
      ...(await withHands(1, codes.splice(0, 3), (code) => play(test, code, helene))),
      // At once, so that several are played in the same millisecond.
      ...(await withHands(12, codes, (code) => play(test, code, many))),
      await play(test, (await unplayedCodes(test, other, 1))[0], many),
    ];
    wins.push(...played.map(({ body }) => body));
    for (const [n, { ticket }] of wins.slice(0, 30).entries()) {
      const body = { identityChecked: true, ...(n % 2 === 0 ? { storeId } : {}) };
      await test.client.post(`/v1/claims/${ticket.code}/validate`, body, employee.accessToken);
    }
  });
  afterAll(async () => {
    await test.stop();
  });

  const list = (query: Record<string, string> = {}): Promise<ApiResponse<Page>> =>
    test.client.get<Page>(`/v1/admin/tickets?${new URLSearchParams(query).toString()}`, admin.accessToken);

  async function walk(query: Record<string, string>, between?: (page: number) => Promise<void>): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | null = null;
    for (let page = 1; page === 1 || cursor !== null; page++) {
      const { status, body }: ApiResponse<Page> = await list({ ...query, ...(cursor === null ? {} : { cursor }) });
      expect(status).toBe(200);
      expect(body.items.length).toBeLessThanOrEqual(Number(query.limit ?? 50));
      items.push(...body.items);
      cursor = body.nextCursor;
      await between?.(page);
    }
    return items;
  }

  const codesOf = (items: readonly { code: string }[]) => items.map(({ code }) => code);

  /** The codes that a filter means, in order, told by plain JavaScript. */
  async function expected(isMeant: (row: Row) => boolean, at?: 'played_at' | 'claimed_at'): Promise<string[]> {
    const rows = (await test.database.query<Row[]>('SELECT * FROM tickets')).filter(isMeant);
    const byCode = (a: Row, b: Row): number => (a.code < b.code ? -1 : 1);
    return codesOf(rows.sort((a, b) => (at ? Number(b[at]) - Number(a[at]) || byCode(b, a) : byCode(a, b))));
  }

  it('shows a ticket with its prize, its player, and who handed it over where', async () => {
    const { ticket, prize } = wins[0]!;
    const { body } = await list({ search: ticket.code });
    const [row] = await test.database.query<Row[]>('SELECT * FROM tickets WHERE code = $1', [ticket.code]);
    expect(body).toEqual({
      items: [
        {
          code: ticket.code,
          status: 'claimed',
          prize: { id: prize.id, name: prize.name },
          player: { id: helene.user.id, firstName: 'Hélène', lastName: 'Dùpont', email: 'helene@example.fr' },
          playedAt: ticket.playedAt,
          claimedAt: row?.claimed_at?.toISOString(),
          claimedBy: { id: employee.user.id, firstName: 'Alix', lastName: 'Bernard' },
          store: { id: storeId, name: 'Thé Tip Top Nice', city: 'Nice' },
        },
      ],
      nextCursor: null,
    });
    const [unplayed = ''] = await unplayedCodes(test, contest, 1);
    expect((await list({ search: unplayed })).body.items).toEqual([
      {
        code: unplayed,
        status: 'unclaimed',
        prize: null,
        player: null,
        playedAt: null,
        claimedAt: null,
        claimedBy: null,
        store: null,
      },
    ]);
  });

  it.each<[string, Record<string, string>, (row: Row) => boolean, 'played_at' | 'claimed_at' | undefined]>([
    ['everything', {}, () => true, undefined],
    ['unplayed tickets', { status: 'unclaimed' }, (row) => row.status === 'unclaimed', undefined],
    ['waiting tickets', { status: 'pending' }, (row) => row.status === 'pending', 'played_at'],
    ['claimed tickets', { status: 'claimed' }, (row) => row.status === 'claimed', 'played_at'],
    ['played tickets', { period: 'played' }, (row) => row.player_id !== null, 'played_at'],
    ['tickets by hand-over', { period: 'claimed' }, (row) => row.claimed_at !== null, 'claimed_at'],
    ['a contradiction', { period: 'claimed', status: 'pending' }, () => false, undefined],
    ['another one', { period: 'played', status: 'unclaimed' }, () => false, undefined],
  ])('lists %s, in pages of any size, in order and once', async (_, query, isMeant, at) => {
    const codes = await expected(isMeant, at);
    for (const limit of ['3', '50', '170', '200']) {
      expect(codesOf(await walk({ ...query, limit }))).toEqual(codes);
    }
  });

  it('filters by prize, player, shop and contest', async () => {
    const prizeId = wins[5]!.prize.id;
    expect(codesOf(await walk({ prizeId }))).toEqual(await expected((row) => row.prize_id === prizeId, 'played_at'));
    const playerId = many.user.id;
    const played = await expected((row) => row.player_id === playerId, 'played_at');
    expect(played).toHaveLength(68);
    expect(codesOf(await walk({ playerId, limit: '9' }))).toEqual(played);
    const inShop = await expected((row) => row.store_id === storeId, 'claimed_at');
    expect(inShop).toHaveLength(15);
    expect(codesOf(await walk({ storeId, limit: '4' }))).toEqual(inShop);
    const contestId = other.id;
    expect(codesOf(await walk({ contestId, limit: '7' }))).toEqual(
      await expected((row) => row.contest_id === contestId),
    );
    expect(codesOf(await walk({ contestId, status: 'unclaimed' }))).toHaveLength(19);
    expect(codesOf(await walk({ contestId, period: 'played' }))).toEqual([wins.at(-1)!.ticket.code]);
    expect((await list({ contestId, prizeId })).body.items).toEqual([]);
    expect((await list({ prizeId: storeId })).body).toEqual({ items: [], nextCursor: null });
  });

  it('filters by a period of plays or hand-overs, its end not included', async () => {
    const times = [...new Set(wins.map(({ ticket }) => ticket.playedAt))].sort();
    const [from = '', to = ''] = [times[2], times[times.length - 3]];
    const inPeriod = (at: Date | null): boolean => at !== null && at >= new Date(from) && at < new Date(to);
    const codes = await expected((row) => inPeriod(row.played_at), 'played_at');
    expect(codes.length).toBeGreaterThan(0);
    expect(codesOf(await walk({ from, to, limit: '10' }))).toEqual(codes);
    expect(codesOf(await walk({ from, to, period: 'claimed' }))).toEqual(
      await expected((row) => inPeriod(row.claimed_at), 'claimed_at'),
    );
    const offset = new Date(Date.parse(from) + 7_200_000).toISOString().replace('Z', '+02:00');
    expect(codesOf(await walk({ from: offset, to, limit: '200' }))).toEqual(codes);
  });

  it('takes a day as the contest’s time zone has it, as a whole', async () => {
    const [first = '', second = '', third = ''] = await unplayedCodes(test, other, 3);
    // The last minute before the day, its first and its last: in Paris the day has 25 hours.
    const set = async (code: string, at: string, position: number) =>
      test.database.query<unknown>(
        `UPDATE tickets SET player_id = $2, status = 'pending', played_at = $3, deck_position = $4,
           prize_id = (SELECT id FROM prizes WHERE contest_id = $5 LIMIT 1) WHERE code = $1`,
        [code, helene.user.id, at, position, other.id],
      );
    await set(first, '2025-10-25T21:59:59.999Z', 901);
    await set(second, '2025-10-25T22:00:00.000Z', 902);
    await set(third, '2025-10-26T22:59:59.999Z', 903);
    expect(codesOf((await list({ from: '2025-10-26', to: '2025-10-26' })).body.items)).toEqual([third, second]);
    expect(codesOf((await list({ from: '2025-01-01', to: '2025-10-25' })).body.items)).toEqual([first]);
    expect((await list({ from: '2025-10-27', to: '2025-10-27' })).body.items).toEqual([]);
  });

  describe('searches', () => {
    it('a code or its beginning, however it is typed', async () => {
      const { code } = wins[10]!.ticket;
      for (const search of [code, code.toLowerCase(), `${code.slice(0, 5)}-${code.slice(5)}`, ` ${code} `]) {
        expect(codesOf((await list({ search })).body.items)).toEqual([code]);
      }
      for (const length of [1, 2, 6]) {
        const search = code.slice(0, length).toLowerCase();
        const codes = await expected((row) => row.code.startsWith(search.toUpperCase()));
        const found = codesOf(await walk({ search, limit: '3' }));
        expect(found.filter((one) => one.startsWith(search.toUpperCase()))).toEqual(codes);
      }
    });

    it.each([
      ['a name without its accents', 'helene'],
      ['both names', 'dupont hélène'],
      ['an e-mail address', 'HELENE@example.fr'],
    ])('%s', async (_, search) => {
      const codes = await expected((row) => row.player_id === helene.user.id);
      expect(codesOf(await walk({ search, limit: '2' }))).toEqual(codes);
      expect((await list({ search, status: 'unclaimed' })).body.items).toEqual([]);
    });

    it('with other filters', async () => {
      const codes = await expected((row) => row.player_id === many.user.id && row.status === 'pending', 'played_at');
      expect(codesOf(await walk({ search: 'plusieurs', status: 'pending', limit: '7' }))).toEqual(codes);
    });

    it('nobody, a wildcard or SQL in vain, and everything where the search is blank', async () => {
      for (const search of ['introuvable', '%', `' OR 1=1 --`]) expect((await list({ search })).body.items).toEqual([]);
      expect((await list({ search: '  ' })).body.items).toHaveLength(50);
    });
  });

  it('neither skips nor repeats what nobody touches while tickets are played, claimed and undone', async () => {
    const player = await registerCustomer(test);
    for (const query of [{}, { period: 'played' }, { period: 'claimed' }, { status: 'unclaimed' }]) {
      const touched = new Set<string>();
      const before = codesOf(await walk({ ...query, limit: '200' }));
      const seen = codesOf(
        await walk({ ...query, limit: '6' }, async (page) => {
          if (page > 6) return;
          const [code = ''] = await unplayedCodes(test, contest, 1);
          await play(test, code, player);
          touched.add(code);
          const { body } = await list({ status: page % 2 === 0 ? 'pending' : 'claimed', limit: '200' });
          const some = body.items[page * 2]?.code ?? '';
          touched.add(some);
          const call = page % 2 === 0 ? { identityChecked: true } : { reason: 'Test' };
          const path = `/v1/claims/${some}/${page % 2 === 0 ? 'validate' : 'undo'}`;
          expect((await test.client.post(path, call, admin.accessToken)).status).toBe(200);
        }),
      );
      expect(touched.size).toBeGreaterThan(6);
      const untouched = (codes: readonly string[]) => codes.filter((code) => !touched.has(code));
      expect(untouched(seen)).toEqual(untouched(before));
    }
  });

  it('keeps the tickets of somebody who is erased, without who they were', async () => {
    const leaving = await registerCustomer(test, { firstName: 'Partie', lastName: 'Loin' });
    const [code = ''] = await unplayedCodes(test, contest, 1);
    await play(test, code, leaving);
    await test.client.request('DELETE', '/v1/users/me', { token: leaving.accessToken });
    const { body } = await list({ search: code });
    expect(body.items[0]?.player).toEqual({ id: leaving.user.id, firstName: '—', lastName: '—', email: null });
    expect((await list({ search: 'Partie' })).body.items).toEqual([]);
  });

  it.each([
    ['limit', '201'],
    ['cursor', 'nonsense'],
    ['status', 'won'],
    ['period', 'printed'],
    ['from', '2026-13-01'],
    ['to', '26/11/2026'],
    ['to', '2026-11-26T25:00:00Z'],
    ['prizeId', 'x'],
    ['playerId', 'x'],
    ['storeId', 'x'],
    ['contestId', 'x'],
    ['search', 'zero\u0000byte'],
    ['sort', 'code'],
  ])('refuses %s=%j by its path', async (name, value) => {
    expectInvalid(await list({ [name]: value }), name);
  });

  it('refuses a cursor of the table in another order', async () => {
    const { nextCursor: byCode } = (await list({ limit: '1' })).body;
    const { nextCursor: byPlay } = (await list({ limit: '1', period: 'played' })).body;
    expectInvalid(await list({ period: 'played', cursor: byCode ?? '' }), 'cursor');
    expectInvalid(await list({ cursor: byPlay ?? '' }), 'cursor');
  });

  it('is for administrators', async () => {
    expectProblem(await test.client.get('/v1/admin/tickets', employee.accessToken), 403, 'FORBIDDEN');
    expectProblem(await test.client.get('/v1/admin/tickets', helene.accessToken), 403, 'FORBIDDEN');
    expectProblem(await test.client.get('/v1/admin/tickets'), 401, 'UNAUTHENTICATED');
  });

  it('leaves neither searches nor people in the log', async () => {
    expect(await secretsInLog([test], ['Dùpont', 'introuvable', 'helene@example.fr'])).toEqual([]);
  });
});
