import type { Contest } from '@tiptop/game';
import type { ApiResponse } from '../support/api-client';
import { createContest, registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { addCrowd, everybody, type Person, playForCrowd } from '../support/crowd';
import { queriesDuring } from '../support/query-spy';
import { startTestApp, type TestApp } from '../support/test-app';

interface Page<T> {
  items: T[];
  nextCursor: string | null;
  total?: number;
}

interface Ticket {
  code: string;
}

interface TicketRow {
  code: string;
  player_id: string | null;
  prize_id: string | null;
  played_at: Date | null;
  contest_id: string;
}

type Key = (person: Person) => string | number;

const CROWD = 12_000;
const TICKETS = 4000;
const SORTS: Readonly<Record<string, Key>> = {
  createdAt: (person) => Number(person.created_at),
  lastActiveAt: (person) => Number(person.last_active_at),
  name: (person) => person.name_key,
};

/** What a search means, told by plain JavaScript. */
function isMeant(search: string): (text: string) => boolean {
  const words = search.toLowerCase().split(' ');
  return (text) =>
    words.every((word) =>
      word.length > 2 ? text.includes(word) : text.split(/[ -]/).some((part) => part.startsWith(word)),
    );
}

/** How a search went about: it looks people up, and it walks through the list. */
function waysOf(queries: readonly string[]): string[] {
  return queries.flatMap((sql) =>
    sql.includes(' AS complete') ? ['walk'] : sql.includes('WITH sample') ? ['look up'] : [],
  );
}

describe('Searching among many', () => {
  let test: TestApp;
  let admin: SessionBody;
  let contest: Contest;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin', { firstName: 'Odette', lastName: 'Odin' });
    await addCrowd(test, 1, CROWD);
  }, 120_000);
  afterAll(async () => {
    await test.stop();
  });

  async function page<T>(path: string, query: Record<string, string>): Promise<Page<T>> {
    const { status, body }: ApiResponse<Page<T>> = await test.client.get(
      `/v1/admin/${path}?${new URLSearchParams(query).toString()}`,
      admin.accessToken,
    );
    expect(status).toBe(200);
    return body;
  }

  async function walk<T>(
    path: string,
    query: Record<string, string>,
    between?: (page: number) => Promise<unknown>,
  ): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    for (let n = 0; n === 0 || cursor !== null; n++) {
      const body: Page<T> = await page<T>(path, { ...query, ...(cursor === null ? {} : { cursor }) });
      items.push(...body.items);
      cursor = body.nextCursor;
      await between?.(n);
    }
    return items;
  }

  const idsOf = (people: readonly { id: string }[]): string[] => people.map(({ id }) => id);

  describe('accounts', () => {
    async function expected(
      search: string,
      sort: string,
      isListed: (id: string) => boolean = () => true,
    ): Promise<string[]> {
      const meant = isMeant(search);
      const key = SORTS[sort.replace('-', '')] as Key;
      const people = (await everybody(test)).filter(({ id, text }) => meant(text) && isListed(id));
      const compare = (a: Key, one: Person, other: Person): number =>
        a(one) < a(other) ? -1 : a(one) > a(other) ? 1 : one.id < other.id ? -1 : 1;
      people.sort((one, other) => compare(key, one, other));
      return idsOf(sort.startsWith('-') ? people.reverse() : people);
    }

    describe.each(Object.keys(SORTS).flatMap((sort) => [sort, `-${sort}`]))('by %s', (sort) => {
      it.each(['aline', 'bruno', 'chantal', 'delphine nom31', 'al', 'xu', 'ch nom5', 'c77', '@foule.example', 'qz'])(
        'finds all who are %s, once and in order',
        async (search) => {
          const found = await walk<{ id: string }>('users', { search, sort, limit: '200' });
          expect(idsOf(found)).toEqual(await expected(search, sort));
        },
        120_000,
      );
    });

    it('tells how many they are, where they are few', async () => {
      for (const search of ['delphine', 'chantal', 'odette odin', 'qz']) {
        const { total } = await page('users', { search });
        expect(total).toBe((await expected(search, 'name')).length);
      }
      // Of the many it is not quick to tell.
      expect((await page('users', { search: 'aline' })).total).toBeUndefined();
    });

    it.each([
      ['few people', 'delphine', ['look up']],
      ['many, who are everywhere', 'aline', ['look up', 'walk']],
      ['nobody', 'qz', ['look up']],
    ])('looks for %s in the quicker way', async (_, search, ways) => {
      const queries = await queriesDuring(async () => page('users', { search }));
      expect(waysOf(queries)).toEqual(ways);
    });

    it('with the other filters', async () => {
      await test.database.query(`UPDATE users SET is_active = false WHERE email LIKE 'c%5@foule.example'`);
      await test.database.query(`UPDATE users SET role = 'employee' WHERE email LIKE 'c%00@foule.example'`);
      const rows = await test.database.query<{ id: string; role: string; is_active: boolean }[]>(
        'SELECT id, role, is_active FROM users',
      );
      const archived = new Set(idsOf(rows.filter((row) => !row.is_active)));
      const employees = new Set(idsOf(rows.filter((row) => row.role === 'employee')));
      for (const search of ['aline', 'chantal', 'al', 'nom5']) {
        for (const sort of ['-createdAt', 'name']) {
          const query = { search, sort, limit: '200' };
          expect(idsOf(await walk('users', { ...query, isActive: 'false' }))).toEqual(
            await expected(search, sort, (id) => archived.has(id)),
          );
          expect(idsOf(await walk('users', { ...query, role: 'employee' }))).toEqual(
            await expected(search, sort, (id) => employees.has(id)),
          );
        }
      }
      await test.database.query(
        `UPDATE users SET is_active = true, role = 'customer' WHERE email LIKE '%@foule.example'`,
      );
    }, 120_000);

    it('neither skips nor repeats who has not changed while others come, go and change', async () => {
      for (const search of ['aline', 'chantal']) {
        for (const sort of ['-createdAt', 'name']) {
          const before = await expected(search, sort);
          const changed = new Set(before.filter((_, n) => n % 7 === 0));
          const [...victims] = changed;
          const found = await walk<{ id: string }>('users', { search, sort, limit: '150' }, async () => {
            await test.database.query(
              `UPDATE users SET created_at = created_at + interval '1 hour', last_name = 'Nom' || length(last_name) || 'x'
               WHERE id = ANY ($1)`,
              [[victims.shift(), victims.pop()]],
            );
            await registerCustomer(test, { firstName: 'Aline', lastName: 'Chantal' });
          });
          const quiet = before.filter((id) => !changed.has(id));
          const isQuiet = new Set(quiet);
          expect(idsOf(found).filter((id) => isQuiet.has(id))).toEqual(quiet);
        }
      }
      // Back to where addCrowd put them.
      await test.database.query(
        `UPDATE users SET created_at = timestamptz '2026-01-01T00:00:00Z'
           + substring(email FROM 'c([0-9]+)@')::int / 3 * interval '1 second'
         WHERE email LIKE '%@foule.example'`,
      );
    }, 120_000);

    it('finds those who are all at the other end of the list', async () => {
      // Two thousand others, then 27,000, have registered since.
      await addCrowd(test, CROWD + 1, CROWD + 2500, `'Fernand'`);
      const queries = await queriesDuring(async () => {
        expect(idsOf((await page<{ id: string }>('users', { search: 'bruno' })).items)).toEqual(
          (await expected('bruno', '-createdAt')).slice(0, 50),
        );
      });
      expect(waysOf(queries)).toEqual(['look up', 'walk', 'look up']);
      await addCrowd(test, CROWD + 2501, CROWD + 27_000, `'Fernand'`);
      const more = await queriesDuring(async () => {
        expect(idsOf((await page<{ id: string }>('users', { search: 'aline @foule' })).items)).toEqual(
          (await expected('aline @foule', '-createdAt')).slice(0, 50),
        );
      });
      expect(waysOf(more)).toEqual(['look up', 'walk', 'walk', 'look up']);
      // Some of them close by, and more of them further on: the walk goes on from the last one found.
      await test.database.query(
        `UPDATE users SET first_name = 'Aline', search_text = replace(search_text, 'fernand', 'aline')
         WHERE email IN (SELECT 'c' || $1 + n || '@foule.example' FROM generate_series(20001, 20100) n
                         UNION SELECT 'c' || $1 + n || '@foule.example' FROM generate_series(26971, 27000) n)`,
        [CROWD],
      );
      const onwards = await queriesDuring(async () => {
        const { items, total } = await page<{ id: string }>('users', { search: 'aline @foule' });
        expect(idsOf(items)).toEqual((await expected('aline @foule', '-createdAt')).slice(0, 50));
        expect(total).toBeUndefined();
      });
      expect(waysOf(onwards)).toEqual(['look up', 'walk', 'walk']);
    }, 240_000);
  });

  describe('tickets', () => {
    let rows: TicketRow[];
    let people: Map<string, string>;

    beforeAll(async () => {
      const other = await createContest(test, { tickets: 300, startsAt: new Date(Date.now() - 86_400_000) });
      contest = await createContest(test, { tickets: TICKETS });
      const crowd = await everybody(test);
      people = new Map(crowd.map(({ id, text }) => [id, text]));
      const inOrder = crowd.filter(({ text }) => text.includes('@foule')).sort((a, b) => (a.id < b.id ? -1 : 1));
      const players = inOrder.filter(({ text }) => !text.startsWith('fernand')).slice(0, 2500);
      const late = inOrder.filter(({ text }) => text.startsWith('eva')).slice(0, 400);
      await playForCrowd(test, contest, idsOf([...players, ...late]));
      await playForCrowd(test, other, idsOf(players.slice(0, 100)));
      rows = await test.database.query<TicketRow[]>('SELECT * FROM tickets');
    }, 120_000);

    function expected(search: string, inTime: boolean, isListed: (row: TicketRow) => boolean = () => true): string[] {
      const meant = isMeant(search);
      const found = rows.filter(
        (row) =>
          isListed(row) &&
          (row.code.startsWith(search.toUpperCase()) ||
            (row.player_id !== null && meant(people.get(row.player_id) ?? ''))) &&
          (!inTime || row.player_id !== null),
      );
      const byCode = (a: TicketRow, b: TicketRow): number => (a.code < b.code ? -1 : 1);
      found.sort((a, b) => (inTime ? Number(b.played_at) - Number(a.played_at) || byCode(b, a) : byCode(a, b)));
      return found.map(({ code }) => code);
    }

    const codesOf = (tickets: readonly Ticket[]): string[] => tickets.map(({ code }) => code);
    const SEARCHES = [
      'aline',
      'bruno',
      'chantal',
      'delphine',
      'eva nom5',
      'al',
      'xu',
      '7',
      '7k',
      'c77',
      '@foule',
      'qz',
    ];

    it.each(SEARCHES)(
      'of %s, once and in order, by code, by play, and of one contest or prize',
      async (search) => {
        const [prize] = await test.database.query<{ id: string }[]>(
          'SELECT id FROM prizes WHERE contest_id = $1 AND ordinal = 1',
          [contest.id],
        );
        const prizeId = prize?.id ?? '';
        for (const limit of ['50', '200']) {
          expect(codesOf(await walk('tickets', { search, limit }))).toEqual(expected(search, false));
          expect(codesOf(await walk('tickets', { search, limit, period: 'played' }))).toEqual(expected(search, true));
        }
        const query = { search, limit: '200' };
        expect(codesOf(await walk('tickets', { ...query, contestId: contest.id, status: 'pending' }))).toEqual(
          expected(search, true, (row) => row.contest_id === contest.id),
        );
        expect(codesOf(await walk('tickets', { ...query, prizeId }))).toEqual(
          expected(search, true, (row) => row.prize_id === prizeId),
        );
        expect(codesOf(await walk('tickets', { ...query, status: 'unclaimed' }))).toEqual(
          expected(search, false, (row) => row.player_id === null),
        );
      },
      120_000,
    );

    it.each([
      ['few people', { search: 'delphine' }, ['look up']],
      ['few people, by play', { search: 'delphine', period: 'played' }, ['look up']],
      ['some, by play', { search: 'bruno', period: 'played' }, ['look up', 'walk']],
      ['many', { search: 'aline' }, ['look up', 'walk']],
      ['many whose plays are long ago', { search: 'aline', period: 'played' }, ['look up', 'walk', 'look up']],
      ['a code’s first character, by play', { search: '7', period: 'played' }, ['walk']],
      ['many, among tickets that nobody has played', { search: 'al', status: 'unclaimed' }, ['look up']],
    ])('of %s in the quicker way', async (_, query, ways) => {
      expect(waysOf(await queriesDuring(async () => page('tickets', query)))).toEqual(ways);
    });

    it('neither skips nor repeats what nobody touches while tickets are handed over', async () => {
      const store = { identityChecked: true };
      for (const search of ['aline', 'chantal']) {
        const before = expected(search, true);
        const touched = new Set<string>();
        const found = codesOf(
          await walk<Ticket>('tickets', { search, status: 'pending', limit: '100' }, async (n) => {
            const code = before[(n * 97) % before.length] ?? '';
            touched.add(code);
            await test.client.post(`/v1/claims/${code}/validate`, store, admin.accessToken);
          }),
        );
        expect(found.filter((code) => !touched.has(code))).toEqual(before.filter((code) => !touched.has(code)));
      }
    }, 120_000);
  });
});
