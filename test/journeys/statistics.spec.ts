import { CounterFolding, CounterVerification } from '@tiptop/game';
import { calendarDay, Migrator } from '@tiptop/platform';
import { schema } from '../../migrations/data-source';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { moveTo } from '../support/clock-moves';
import { play } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { expectOneMoment, fullCount, statistics } from '../support/statistics';
import { startTestApp, type TestApp } from '../support/test-app';

const NOBODY = { '0-17': 0, '18-24': 0, '25-34': 0, '35-44': 0, '45-54': 0, '55-64': 0, '65+': 0, unknown: 0 };

describe('GET /v1/admin/stats', () => {
  let test: TestApp;
  let admin: SessionBody;
  let employee: SessionBody;

  beforeEach(async () => {
    test = await startTestApp();
    [admin, employee] = [await signInAs(test, 'admin'), await signInAs(test, 'employee')];
  });
  afterEach(async () => {
    await test.stop();
  });

  const playAll = async (codes: readonly string[], player: SessionBody): Promise<void> => {
    for (const code of codes) expect((await play(test, code, player)).status).toBe(200);
  };
  const handOver = async (code: string, storeId?: string): Promise<void> => {
    const body = { identityChecked: true, ...(storeId === undefined ? {} : { storeId }) };
    const { status } = await test.client.post(`/v1/claims/${code}/validate`, body, employee.accessToken);
    expect(status).toBe(200);
  };
  const undo = async (code: string): Promise<void> => {
    const body = { reason: 'Remis par erreur' };
    expect((await test.client.post(`/v1/claims/${code}/undo`, body, admin.accessToken)).status).toBe(200);
  };
  const fold = (): Promise<number> => test.app.get(CounterFolding).fold();

  it('is of the current contest, of another one on demand, and of none where there is none', async () => {
    const ask = (query = '') => test.client.get(`/v1/admin/stats${query}`, admin.accessToken);
    expectProblem(await ask(), 404, 'NO_CONTEST');
    const later = await createContest(test, { tickets: 7, startsAt: new Date(Date.now() + 1e9) });
    expect((await statistics(test, admin)).contest).toEqual({ id: later.id, slug: later.slug });
    const open = await createContest(test, { tickets: 5 });
    expect(await statistics(test, admin)).toMatchObject({ contest: { id: open.id }, tickets: { total: 5 } });
    const other = await statistics(test, admin, `?contestId=${later.id}`);
    expect(other).toMatchObject({ contest: { slug: later.slug }, tickets: { total: 7 } });
    expectProblem(await ask('?contestId=00000000-0000-4000-8000-000000000000'), 404, 'CONTEST_NOT_FOUND');
    expectInvalid(await ask('?contestId=the-tip-top'), 'contestId');
    expectInvalid(await ask('?contest=1'), 'contest');
    const customer = await registerCustomer(test);
    for (const { accessToken } of [customer, employee]) {
      expectProblem(await test.client.get('/v1/admin/stats', accessToken), 403, 'FORBIDDEN');
    }
  });

  it('tells of a contest that nobody has played yet, without dividing by nothing', async () => {
    await createContest(test, { tickets: 0 });
    const empty = await statistics(test, admin);
    expect(empty).toMatchObject({
      tickets: { total: 0, unclaimed: 0, pending: 0, claimed: 0 },
      participants: 0,
      participations: { total: 0, today: 0 },
      conversion: { playedRate: 0, claimedRate: 0 },
      demographics: { gender: { female: 0, male: 0, other: 0, unknown: 0 }, age: NOBODY },
      funnel: { printed: 0, played: 0, claimed: 0, expired: 0 },
      stores: [],
    });
    expect(empty.prizes.map(({ total, won, remaining, share }) => [total, won, remaining, share])).toEqual([
      [0, 0, 0, 0.6],
      [0, 0, 0, 0.2],
      [0, 0, 0, 0.1],
      [0, 0, 0, 0.06],
      [0, 0, 0, 0.04],
    ]);
  });

  it('counts plays, hand-overs by shop and what is undone, before it is summed up as after', async () => {
    const contest = await createContest(test, { tickets: 100 });
    const [nice, lyon, closed] = await test.database.query<{ id: string }[]>(
      `INSERT INTO stores (name, city, is_active, created_at) VALUES ('Nice', 'Nice', true, now()),
         ('Lyon', 'Lyon', true, now()), ('Ailleurs', 'Brest', false, now()) RETURNING id`,
    );
    expect(closed).toBeDefined();
    const codes = await unplayedCodes(test, contest, 8);
    const [first, second] = [await registerCustomer(test), await registerCustomer(test)];
    await playAll(codes.slice(0, 5), first);
    await playAll(codes.slice(5), second);
    await handOver(codes[0]!, nice!.id);
    await handOver(codes[1]!, nice!.id);
    await handOver(codes[2]!);
    await handOver(codes[3]!, lyon!.id);
    await undo(codes[1]!);
    await undo(codes[3]!);
    await handOver(codes[3]!, nice!.id);

    const live = await statistics(test, admin);
    expectOneMoment(live);
    expect(live).toMatchObject({
      tickets: { total: 100, unclaimed: 92, pending: 5, claimed: 3 },
      participants: 2,
      participations: { total: 8, today: 8 },
      conversion: { playedRate: 0.08, claimedRate: 0.375 },
      funnel: { printed: 100, played: 8, claimed: 3, expired: 0 },
      stores: [
        { id: lyon!.id, name: 'Lyon', claimed: 0 },
        { id: nice!.id, name: 'Nice', claimed: 2 },
      ],
    });
    expect(live.prizes.map(({ total }) => total)).toEqual([60, 20, 10, 6, 4]);
    expect(live).toMatchObject(await fullCount(test, contest));
    expect(await fold()).toBeGreaterThan(8);
    expect(await test.database.query('SELECT FROM counter_changes')).toEqual([]);
    expect(await fold()).toBe(0);
    expect(await statistics(test, admin)).toEqual(live);
  });

  it('names who takes part by what they were when they first played, each once', async () => {
    const contest = await createContest(test, { tickets: 100 });
    const codes = await unplayedCodes(test, contest, 12);
    const thisYear = Number(calendarDay(test.clock.now(), test.config.timeZone).slice(0, 4));
    const born = (years: number): string => `${(thisYear - years).toString()}-01-01`;
    const people = [
      { gender: 'female', birthDate: born(18) },
      { gender: 'female', birthDate: born(24) },
      { gender: 'male', birthDate: born(25) },
      { gender: 'other', birthDate: born(64) },
      { birthDate: born(65) },
      { birthDate: '1900-01-01' },
    ];
    const players = [];
    for (const [place, person] of people.entries()) {
      const player = await registerCustomer(test, person);
      await playAll([codes[2 * place]!, codes[2 * place + 1]!], player);
      players.push(player);
    }
    const demographics = {
      gender: { female: 2, male: 1, other: 1, unknown: 2 },
      age: { ...NOBODY, '18-24': 2, '25-34': 1, '55-64': 1, '65+': 1, unknown: 1 },
    };
    expect(await statistics(test, admin)).toMatchObject({ participants: 6, demographics });
    await fold();
    expect(await statistics(test, admin)).toMatchObject({ participants: 6, demographics });

    // Whoever changes or goes took part all the same.
    const change = await test.client.request('PATCH', '/v1/users/me', {
      body: { gender: 'male' },
      token: players[0]!.accessToken,
    });
    expect(change.status).toBe(200);
    const before = await statistics(test, admin);
    for (const { accessToken } of players.slice(1, 4)) {
      expect((await test.client.request('DELETE', '/v1/users/me', { token: accessToken })).status).toBe(204);
    }
    expect(await statistics(test, admin)).toEqual(before);
    expect(before).toMatchObject({ participants: 6, demographics });
    // Another play of the same person makes no second participant, summed up or not.
    const [code = ''] = await unplayedCodes(test, contest, 1);
    await playAll([code], players[0]!);
    expect(await statistics(test, admin)).toMatchObject({ participants: 6, participations: { total: 13 } });
    await fold();
    expect(await statistics(test, admin)).toMatchObject({
      participants: 6,
      participations: { total: 13 },
      demographics,
    });
    expect((await test.app.get(CounterVerification).verify()).holds).toBe(true);
  });

  it('begins the day at midnight of the contest’s time zone, and knows what has expired', async () => {
    const contest = await createContest(test, { tickets: 50, startsAt: new Date('2027-01-10T09:00:00Z') });
    const codes = await unplayedCodes(test, contest, 3);
    const customer = await registerCustomer(test);
    // Midnight in Paris.
    const midnight = new Date('2027-01-14T23:00:00Z');
    let [player, asking] = await moveTo(test, midnight, -1000, customer, admin);
    await playAll([codes[0]!], player!);
    expect((await statistics(test, asking!)).participations).toEqual({ total: 1, today: 1 });
    [player, asking] = await moveTo(test, midnight, 0, customer, admin);
    expect((await statistics(test, asking!)).participations).toEqual({ total: 1, today: 0 });
    await playAll([codes[1]!, codes[2]!], player!);
    expect((await statistics(test, asking!)).participations).toEqual({ total: 3, today: 2 });
    await fold();
    expect((await statistics(test, asking!)).participations).toEqual({ total: 3, today: 2 });

    [asking] = await moveTo(test, contest.claimEndsAt, -1000, admin);
    expect((await statistics(test, asking!)).funnel).toEqual({ printed: 50, played: 3, claimed: 0, expired: 0 });
    [asking] = await moveTo(test, contest.claimEndsAt, 0, admin);
    expect((await statistics(test, asking!)).funnel).toEqual({ printed: 50, played: 3, claimed: 0, expired: 3 });
  });

  it('sums up on its own where very much has piled up', async () => {
    const contest = await createContest(test, { tickets: 10 });
    await test.database.query(
      `INSERT INTO counter_changes (kind, n, contest_id) SELECT 'printed', 1 - 2 * (i % 2), $1 FROM generate_series(1, 5002) i`,
      [contest.id],
    );
    const first = await statistics(test, admin);
    expect(first.tickets.total).toBe(10);
    expect(await test.database.query('SELECT FROM counter_changes')).toEqual([]);
    expect(await statistics(test, admin)).toEqual(first);
  });

  it('counts what a statement does past the service, a print run swept away included', async () => {
    const [swept, contest] = [await createContest(test, { tickets: 40 }), await createContest(test, { tickets: 0 })];
    await fold();
    await test.database.query('ALTER TABLE claim_events DISABLE TRIGGER claim_events_append_only');
    await test.database.query('TRUNCATE tickets CASCADE');
    expect((await statistics(test, admin, `?contestId=${swept.id}`)).tickets.total).toBe(0);

    const customer = await registerCustomer(test);
    const names = [contest.id, customer.user.id, employee.user.id];
    const prize = '(SELECT id FROM prizes WHERE contest_id = $1 AND ordinal = 1)';
    await test.database.query(
      `INSERT INTO tickets (code, contest_id, status, player_id, prize_id, deck_position, played_at, claimed_by, claimed_at)
       VALUES ('2222222222', $1, 'claimed', $2, ${prize}, 1, now(), $3::uuid, now()),
         ('3333333333', $1, 'pending', $2, ${prize}, 2, now(), NULL, NULL),
         ('4444444444', $1, 'unclaimed', NULL, NULL, NULL, NULL, NULL, NULL)`,
      names,
    );
    await test.database.query(
      `UPDATE tickets SET status = 'claimed', player_id = $2, prize_id = ${prize}, deck_position = 3, played_at = now(),
         claimed_by = $3, claimed_at = now() WHERE contest_id = $1 AND status = 'unclaimed'`,
      names,
    );
    await test.database.query(`UPDATE users SET role = 'employee' WHERE id = $1`, [customer.user.id]);
    for (const summedUp of [false, true]) {
      if (summedUp) await fold();
      const counted = await statistics(test, admin, `?contestId=${contest.id}`);
      expect(counted.tickets).toEqual({ total: 3, unclaimed: 0, pending: 1, claimed: 2 });
      expect(counted).toMatchObject(await fullCount(test, contest));
      expect(await test.app.get(CounterVerification).verify()).toEqual({ holds: true, different: 0, differences: [] });
    }
  });

  it('counts what happened before there were counters', async () => {
    const contest = await createContest(test, { tickets: 60 });
    const codes = await unplayedCodes(test, contest, 6);
    await playAll(codes.slice(0, 4), await registerCustomer(test, { gender: 'female' }));
    await playAll(codes.slice(4), await registerCustomer(test));
    await handOver(codes[0]!);
    await fold();
    const before = await statistics(test, admin);
    const migrator = new Migrator(test.config.databaseUrl ?? '', schema);
    while ((await migrator.down()) !== 'Statistics1795500000000');
    await migrator.up();
    const after = await statistics(test, admin);
    expect(after).toEqual(before);
    expect(after).toMatchObject({ tickets: { total: 60, pending: 5, claimed: 1 }, participants: 2 });
    expect(await test.app.get(CounterVerification).verify()).toEqual({ holds: true, different: 0, differences: [] });
  });
});
