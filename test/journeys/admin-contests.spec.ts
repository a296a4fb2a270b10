import { randomBytes, randomUUID } from 'node:crypto';
import type { Contest } from '@tiptop/game';
import type { ApiResponse } from '../support/api-client';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { moveTo } from '../support/clock-moves';
import { play } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

const DAY_MS = 86_400_000;

interface PrizeBody {
  id: string;
  name: string;
  description: string;
  valueCents: number;
  currency: string;
  weight: number;
  share: number;
}

interface ContestBody {
  id: string;
  slug: string;
  name: string;
  phase: string;
  startsAt: string;
  endsAt: string;
  claimEndsAt: string;
  prizes: PrizeBody[];
  tickets: Record<string, number>;
  deck: Record<string, unknown> | null;
}

const INFUSER = { name: 'Infuseur', description: 'Un infuseur', valueCents: 0, currency: 'EUR', weight: 3 };
const BOX = { name: 'Coffret', description: 'Un coffret', valueCents: 3900, currency: 'EUR', weight: 1 };

describe('Contests, as an administrator plans and changes them', () => {
  let test: TestApp;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const inDays = (days: number): Date => new Date(Date.now() + days * DAY_MS);
  const plan = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
    slug: `planned-${randomBytes(4).toString('hex')}`,
    name: 'Jeu de Noël',
    startsAt: inDays(10).toISOString(),
    endsAt: inDays(40).toISOString(),
    claimEndsAt: inDays(70).toISOString(),
    prizes: [INFUSER, BOX],
    ...overrides,
  });
  const add = (body: unknown, by = admin): Promise<ApiResponse<ContestBody>> =>
    test.client.post('/v1/admin/contests', body, by.accessToken);
  const change = (id: string, body: unknown, by = admin): Promise<ApiResponse<ContestBody>> =>
    test.client.request('PATCH', `/v1/admin/contests/${id}`, { body, token: by.accessToken });
  const look = async (id: string, by = admin): Promise<ContestBody> => {
    const { status, body } = await test.client.get<ContestBody>(`/v1/admin/contests/${id}`, by.accessToken);
    expect(status).toBe(200);
    return body;
  };
  const audited = async (id: string): Promise<unknown[]> =>
    test.database.query<object[]>(
      `SELECT action, actor_id AS actor, details FROM audit_entries WHERE subject_id = $1 ORDER BY id`,
      [id],
    );
  const idsOf = ({ prizes }: ContestBody) => prizes.map(({ id }) => ({ id }));

  /** Asks for a change that must be refused, and makes sure that nothing has changed. */
  async function refused(
    contest: Pick<Contest, 'id'>,
    changes: object,
    code: string,
    ...paths: string[]
  ): Promise<void> {
    const [session] = await moveTo(test, test.clock.now(), 0, admin);
    const before = await look(contest.id, session);
    const body = expectProblem(await change(contest.id, changes, session), 409, code);
    expect(body.errors?.map(({ path }) => path)).toEqual(paths);
    for (const { message } of body.errors ?? []) expect(message).toMatch(/\S/);
    expect(await look(contest.id, session)).toEqual(before);
    expect((await audited(contest.id)).at(-1)).toMatchObject({
      action: 'contest-change-refused',
      details: { reason: code, fields: Object.keys(changes) },
    });
  }

  describe('POST /v1/admin/contests', () => {
    it('plans a contest, which everybody sees and nobody can play yet', async () => {
      const request = plan({
        startsAt: '2031-03-30T09:00:00+02:00',
        endsAt: '2031-04-30T09:00:00Z',
        claimEndsAt: '2031-04-30T09:00:00Z',
      });
      const { status, body } = await add(request);
      expect(status).toBe(201);
      expect(body).toEqual({
        id: expect.any(String) as string,
        slug: request['slug'],
        name: 'Jeu de Noël',
        phase: 'planned',
        startsAt: '2031-03-30T07:00:00.000Z',
        endsAt: '2031-04-30T09:00:00.000Z',
        claimEndsAt: '2031-04-30T09:00:00.000Z',
        checkedCodes: true,
        prizes: [
          { id: expect.any(String) as string, ...INFUSER, share: 0.75 },
          { id: expect.any(String) as string, ...BOX, share: 0.25 },
        ],
        tickets: { total: 0, unclaimed: 0, pending: 0, claimed: 0, expired: 0 },
        deck: null,
        createdAt: expect.stringMatching(/Z$/) as string,
      });
      expect(await look(body.id)).toEqual(body);
      expect((await test.client.get<ContestBody>('/v1/contest')).body).toMatchObject({ id: body.id });
      expect(await audited(body.id)).toMatchObject([{ action: 'contest-created', actor: admin.user.id }]);
    });

    it('takes codes without a check character where that is asked for', async () => {
      expect((await add(plan({ checkedCodes: false }))).body).toMatchObject({ checkedCodes: false });
    });

    it('refuses a slug that is taken, and leaves no prizes behind', async () => {
      const request = plan();
      await add(request);
      const prizes = () => test.database.query<object[]>('SELECT count(*) FROM prizes');
      const before = await prizes();
      expectProblem(await add(request), 409, 'CONTEST_SLUG_TAKEN');
      expect(await prizes()).toEqual(before);
    });

    it.each([
      ['nothing', {}, ['claimEndsAt', 'endsAt', 'name', 'prizes', 'slug', 'startsAt']],
      ['no prize', plan({ prizes: [] }), ['prizes']],
      ['too many prizes', plan({ prizes: Array.from({ length: 51 }, () => INFUSER) }), ['prizes']],
      ['a prize without share', plan({ prizes: [{ ...INFUSER, weight: 0 }, BOX] }), ['prizes.0.weight']],
      ['a value below zero', plan({ prizes: [INFUSER, { ...BOX, valueCents: -1 }] }), ['prizes.1.valueCents']],
      ['half a cent', plan({ prizes: [{ ...BOX, valueCents: 0.5 }] }), ['prizes.0.valueCents']],
      ['an unknown currency', plan({ prizes: [{ ...BOX, currency: 'EURO' }] }), ['prizes.0.currency']],
      ['a currency in small letters', plan({ prizes: [{ ...BOX, currency: 'eur' }] }), ['prizes.0.currency']],
      ['an unknown field of a prize', plan({ prizes: [{ ...BOX, colour: 'red' }] }), ['prizes.0.colour']],
      ['markup', plan({ name: '<b>Jeu</b>' }), ['name']],
      ['a slug with spaces', plan({ slug: 'Jeu de Noël' }), ['slug']],
      ['a date without its offset', plan({ startsAt: '2031-01-01T09:00:00' }), ['startsAt']],
      ['a day that does not exist', plan({ startsAt: '2031-02-30T09:00:00Z' }), ['startsAt']],
      ['dates out of order', plan({ endsAt: inDays(5).toISOString() }), ['endsAt']],
      ['claims that end before the hand-out', plan({ claimEndsAt: inDays(39).toISOString() }), ['claimEndsAt']],
      [
        'a contest that is over',
        plan({ startsAt: '2020-01-01T00:00:00Z', endsAt: '2020-01-02T00:00:00Z', claimEndsAt: '2020-01-03T00:00:00Z' }),
        ['claimEndsAt'],
      ],
    ])('refuses %s, and adds nothing', async (_, body, paths) => {
      const count = () => test.database.query<object[]>('SELECT count(*) FROM contests');
      const before = await count();
      expectInvalid(await add(body), ...paths);
      expect(await count()).toEqual(before);
    });
  });

  describe('GET /v1/admin/contests', () => {
    it('lists all contests, the newest first, page by page', async () => {
      for (let n = 0; n < 3; n++) await add(plan());
      type List = ApiResponse<{ items: ContestBody[]; nextCursor: string | null }>;
      const list = (query: string): Promise<List> => test.client.get(`/v1/admin/contests${query}`, admin.accessToken);
      const whole = (await list('?limit=200')).body.items.map(({ id }) => id);
      const stored = await test.database.query<{ id: string }[]>(
        'SELECT id FROM contests ORDER BY created_at DESC, id DESC',
      );
      expect(whole).toEqual(stored.map(({ id }) => id));
      const walked: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { body }: List = await list(`?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
        expect(body.items.length).toBeLessThanOrEqual(2);
        walked.push(...body.items.map(({ id }) => id));
        cursor = body.nextCursor;
      }
      expect(walked).toEqual(whole);
      expectInvalid(await list('?cursor=WzEsImEiXQ'), 'cursor');
    });

    it('tells how many tickets there are of each state, and what the deck is', async () => {
      const contest = await createContest(test, { tickets: 10 });
      const customer = await registerCustomer(test);
      const employee = await signInAs(test, 'employee');
      const codes = await unplayedCodes(test, contest, 3);
      for (const code of codes) await play(test, code, customer);
      await test.client.post(`/v1/claims/${codes[0] ?? ''}/validate`, { identityChecked: true }, employee.accessToken);
      const open = await look(contest.id);
      expect(open).toMatchObject({
        phase: 'open',
        tickets: { total: 10, unclaimed: 7, pending: 2, claimed: 1, expired: 0 },
        deck: { size: 10, commitment: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      });
      const [claiming] = await moveTo(test, contest.endsAt, 0, admin);
      expect(await look(contest.id, claiming)).toMatchObject({ phase: 'claiming', tickets: { expired: 0 } });
      const [over] = await moveTo(test, contest.claimEndsAt, 0, admin);
      expect(await look(contest.id, over)).toMatchObject({
        phase: 'over',
        tickets: { total: 10, unclaimed: 7, pending: 2, claimed: 1, expired: 2 },
      });
    });

    it('finds no contest that does not exist', async () => {
      for (const id of [randomUUID(), 'nonsense']) {
        expectProblem(await test.client.get(`/v1/admin/contests/${id}`, admin.accessToken), 404, 'CONTEST_NOT_FOUND');
        expectProblem(await change(id, { name: 'X' }), 404, 'CONTEST_NOT_FOUND');
        expectProblem(
          await test.client.get(`/v1/admin/contests/${id}/codes`, admin.accessToken),
          404,
          'CONTEST_NOT_FOUND',
        );
      }
    });
  });

  describe('PATCH /v1/admin/contests/{id}', () => {
    it('changes everything of a contest without tickets: dates, prizes, their number and their order', async () => {
      const { body: contest } = await add(plan());
      const [first, second] = idsOf(contest);
      const TEA = { name: 'Thé', description: 'Une boîte', valueCents: 900, currency: 'EUR', weight: 6 };
      const { status, body } = await change(contest.id, {
        name: 'Jeu de Pâques',
        endsAt: inDays(41).toISOString(),
        prizes: [TEA, { ...second, weight: 2, valueCents: 100 }, first],
      });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        name: 'Jeu de Pâques',
        startsAt: contest.startsAt,
        claimEndsAt: contest.claimEndsAt,
        prizes: [TEA, { ...second, ...BOX, weight: 2, valueCents: 100 }, { ...first, ...INFUSER }],
      });
      expect(body.endsAt).not.toBe(contest.endsAt);
      const shorter = await change(contest.id, { prizes: [first] });
      expect(shorter.body.prizes).toEqual([{ ...first, ...INFUSER, share: 1 }]);
      expect(await audited(contest.id)).toMatchObject([
        { action: 'contest-created' },
        { action: 'contest-updated', details: { fields: ['name', 'endsAt', 'prizes'] } },
        { action: 'contest-updated', details: { fields: ['prizes'] } },
      ]);
    });

    it('changes nothing at all where one field of several is refused', async () => {
      const contest = await createContest(test, { tickets: 5 });
      await refused(contest, { name: 'Autre nom', startsAt: inDays(1).toISOString() }, 'CONTEST_RUNNING', 'startsAt');
    });

    it('keeps the beginning, the promised end and the values of a running contest', async () => {
      const contest = await createContest(test, { tickets: 5 });
      const prizes: object[] = idsOf(await look(contest.id));
      const worse = prizes.with(3, { ...prizes[3], valueCents: 100 });
      await refused(contest, { startsAt: inDays(-1).toISOString() }, 'CONTEST_RUNNING', 'startsAt');
      await refused(contest, { claimEndsAt: inDays(59).toISOString() }, 'CONTEST_RUNNING', 'claimEndsAt');
      await refused(contest, { prizes: worse }, 'CONTEST_RUNNING', 'prizes.3.valueCents');
      test.clock.moveBy(2 * DAY_MS);
      await refused(contest, { endsAt: inDays(1).toISOString() }, 'CONTEST_RUNNING', 'endsAt');
    });

    it('betters a running contest, and the players are told at once', async () => {
      const contest = await createContest(test, { tickets: 5 });
      const [code = ''] = await unplayedCodes(test, contest, 1);
      const customer = await registerCustomer(test);
      await play(test, code, customer);
      const prizes: object[] = idsOf(await look(contest.id));
      const claimEndsAt = inDays(90).toISOString();
      const better = prizes.with(3, { ...prizes[3], name: 'Grand coffret', valueCents: 4900 });
      const { status, body } = await change(contest.id, { claimEndsAt, prizes: better });
      expect(status).toBe(200);
      expect(body.prizes[3]).toMatchObject({ name: 'Grand coffret', valueCents: 4900, weight: 6 });
      const mine = await test.client.get('/v1/users/me/tickets', customer.accessToken);
      expect(mine.body).toMatchObject({ items: [{ claimEndsAt, expired: false }] });
    });

    it('keeps the list and the weights of prizes once tickets exist, before the beginning as well', async () => {
      const contest = await createContest(test, { tickets: 5, startsAt: inDays(3) });
      const prizes: object[] = idsOf(await look(contest.id));
      await refused(
        contest,
        { prizes: prizes.with(1, { ...prizes[1], weight: 21 }) },
        'DECK_SEALED',
        'prizes.1.weight',
      );
      await refused(contest, { prizes: prizes.slice(1) }, 'DECK_SEALED', 'prizes');
      await refused(contest, { prizes: prizes.toReversed() }, 'DECK_SEALED', 'prizes');
      await refused(contest, { prizes: [...prizes, BOX] }, 'DECK_SEALED', 'prizes');
      const renamed = await change(contest.id, {
        startsAt: inDays(2).toISOString(),
        prizes: prizes.with(1, { ...prizes[1], description: 'Une autre boîte' }),
      });
      expect(renamed).toMatchObject({ status: 200, body: { phase: 'planned' } });
      expect(renamed.body.prizes[1]).toMatchObject({ description: 'Une autre boîte' });
    });

    it('lets a contest that is over rest, but for misspelt names', async () => {
      const contest = await createContest(test, { tickets: 5 });
      test.clock.moveTo(contest.claimEndsAt);
      await refused(contest, { claimEndsAt: inDays(200).toISOString() }, 'CONTEST_OVER', 'claimEndsAt');
      const [session] = await moveTo(test, contest.claimEndsAt, 1, admin);
      expect(await change(contest.id, { name: 'Nom corrigé' }, session)).toMatchObject({
        status: 200,
        body: { name: 'Nom corrigé', phase: 'over' },
      });
    });

    it.each([
      ['an unknown field', { slug: 'other' }, ['slug']],
      ['null', { name: null }, ['name']],
      ['no prizes', { prizes: [] }, ['prizes']],
      ['a prize of nowhere', { prizes: [{ id: randomUUID() }] }, ['prizes.0.id']],
      [
        'a new prize that lacks something',
        { prizes: [{ name: 'A', weight: 1 }] },
        ['prizes.0.currency', 'prizes.0.description', 'prizes.0.valueCents'],
      ],
      ['dates out of order', { startsAt: '2090-01-01T00:00:00Z' }, ['startsAt']],
    ])('refuses %s, and changes nothing', async (_, changes, paths) => {
      const { body: contest } = await add(plan());
      expectInvalid(await change(contest.id, changes), ...paths);
      expect(await look(contest.id)).toEqual(contest);
    });

    it('refuses one prize listed twice', async () => {
      const { body: contest } = await add(plan());
      const [first] = idsOf(contest);
      expectInvalid(await change(contest.id, { prizes: [first, first] }), 'prizes.1.id');
    });

    it('makes two changes at once one after the other', async () => {
      const { body: contest } = await add(plan());
      const [a, b] = await Promise.all([
        change(contest.id, { name: 'Un' }),
        change(contest.id, { claimEndsAt: inDays(71).toISOString() }),
      ]);
      expect([a.status, b.status]).toEqual([200, 200]);
      const after = await look(contest.id);
      expect(after.name).toBe('Un');
      expect(after.claimEndsAt).not.toBe(contest.claimEndsAt);
    });
  });

  describe('GET /v1/admin/contests/{id}/codes', () => {
    it('gives every code that nobody has played as an attachment, and is on record', async () => {
      const contest = await createContest(test, { tickets: 12 });
      const [played = ''] = await unplayedCodes(test, contest, 1);
      await play(test, played, await registerCustomer(test));
      const path = `/v1/admin/contests/${contest.id}/codes`;
      const { status, body, headers } = await test.client.get<string>(`${path}?format=csv`, admin.accessToken);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
      expect(headers.get('content-disposition')).toBe(`attachment; filename="${contest.slug}-codes.csv"`);
      const [heading = '', ...lines] = body.trimEnd().split('\n');
      expect(heading).toBe('code,status,prize,playedAt,claimedAt');
      expect(lines.every((line) => /^[0-9A-Z]{10},unclaimed,,,$/.test(line))).toBe(true);
      const codes = lines.map((line) => line.slice(0, 10));
      expect([...codes].sort()).toEqual((await unplayedCodes(test, contest, 11)).sort());
      expect(codes).not.toEqual([...codes].sort());
      expect(await audited(contest.id)).toMatchObject([{ action: 'codes-exported', actor: admin.user.id }]);
      expectInvalid(await test.client.get(`${path}?format=xlsx`, admin.accessToken), 'format');
    });

    it('lets its connection go where the client is gone', async () => {
      const contest = await createContest(test, { tickets: 0, startsAt: inDays(1) });
      await test.database.query(
        `INSERT INTO tickets (code, contest_id) SELECT lpad(upper(to_hex(n)), 10, 'Z'), $1 FROM generate_series(1, 60000) n`,
        [contest.id],
      );
      for (let n = 0; n < 12; n++) {
        const leaving = new AbortController();
        const response = await fetch(`${test.client.url}/v1/admin/contests/${contest.id}/codes`, {
          headers: { authorization: `Bearer ${admin.accessToken}` },
          signal: leaving.signal,
        });
        expect(response.status).toBe(200);
        await response.body!.getReader().read();
        leaving.abort();
      }
      // More were broken off than the pool has connections.
      expect((await look(contest.id)).id).toBe(contest.id);
      expect(test.logLines().filter(({ level }) => level === 'error')).toEqual([]);
    });
  });
});
