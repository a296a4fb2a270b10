import { type Contest, CounterFolding, CounterVerification } from '@tiptop/game';
import { AdvisoryLock } from '@tiptop/platform';
import {
  createContest,
  registerCustomer,
  registerCustomers,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { play, withHands } from '../support/plays';
import { tally } from '../support/problem';
import { RawPlay } from '../support/raw-play';
import { expectOneMoment, fullCount, statistics, type StatisticsBody } from '../support/statistics';
import { startTestApp, type TestApp } from '../support/test-app';
import { untilSomebodyWaits } from '../support/waiting';

const CLIENTS = 32;
const PLAYS = 640;
const TIMES_ASKED = 200;

describe('Statistics while people play', () => {
  let test: TestApp;
  let replica: TestApp;
  let admin: SessionBody;
  let employees: SessionBody[];
  let customers: SessionBody[];
  let store: string;

  beforeAll(async () => {
    test = await startTestApp();
    replica = await test.replica();
    admin = await signInAs(test, 'admin');
    employees = [await signInAs(test, 'employee'), await signInAs(test, 'employee')];
    customers = await registerCustomers(test, 40);
    const rows = await test.database.query<{ id: string }[]>(
      `INSERT INTO stores (name, city, created_at) VALUES ('Nice Centre', 'Nice', now()) RETURNING id`,
    );
    store = rows[0]!.id;
  });
  afterAll(async () => {
    await test.stop();
  });

  const verify = () => test.app.get(CounterVerification).verify();
  const fold = (at: TestApp): Promise<number> => at.app.get(CounterFolding).fold();

  it('are each of one moment, and at the end what a full count says', async () => {
    const contest = await createContest(test, { tickets: 1000 });
    const codes = await unplayedCodes(test, contest, PLAYS);
    const played = new AbortController();
    const work = withHands(CLIENTS, codes, async (code, place) => {
      const at = place % 2 === 0 ? test : replica;
      expect((await play(at, code, customers[place % customers.length]!)).status).toBe(200);
      if (place % 2 === 1) return;
      const body = { identityChecked: true, ...(place % 4 === 0 ? { storeId: store } : {}) };
      const path = `/v1/claims/${code}`;
      const employee = employees[place % 2]!;
      expect((await at.client.post(`${path}/validate`, body, employee.accessToken)).status).toBe(200);
      if (place % 6 !== 0) return;
      const undone = await at.client.post(`${path}/undo`, { reason: 'Remis par erreur' }, admin.accessToken);
      expect(undone.status).toBe(200);
    }).finally(() => {
      played.abort();
    });
    // Both replicas sum up all the while, at the same time as often as not.
    const folding = (async (): Promise<number> => {
      let folded = 0;
      while (!played.signal.aborted) folded += (await Promise.all([fold(test), fold(replica)])).reduce((a, b) => a + b);
      return folded;
    })();
    const answers: StatisticsBody[] = [];
    while (answers.length < TIMES_ASKED) {
      const pair = await Promise.all([
        statistics(test, admin, `?contestId=${contest.id}`),
        statistics(replica, admin, `?contestId=${contest.id}`),
      ]);
      answers.push(...pair);
    }
    await work;
    const folded = await folding;

    for (const answer of answers) expectOneMoment(answer);
    for (const first of [0, 1]) {
      const totals = answers
        .filter((_, place) => place % 2 === first)
        .map(({ participations }) => participations.total);
      expect(totals).toEqual([...totals].sort((a, b) => a - b));
    }
    // It was asked while they played, not before or after.
    const seen = new Set(answers.map(({ participations }) => participations.total));
    expect(seen.size).toBeGreaterThan(20);
    expect(folded).toBeGreaterThan(PLAYS);

    const last = await statistics(test, admin, `?contestId=${contest.id}`);
    expectOneMoment(last);
    expect(last).toMatchObject(await fullCount(test, contest));
    expect(last.tickets).toMatchObject({ total: 1000, unclaimed: 360 });
    const inShop = await test.database.query<unknown[]>('SELECT FROM tickets WHERE store_id = $1', [store]);
    expect(last.stores).toEqual([{ id: store, name: 'Nice Centre', claimed: inShop.length }]);
    expect(inShop.length).toBeGreaterThan(50);
    expect(await verify()).toEqual({ holds: true, different: 0, differences: [] });
    await Promise.all([fold(test), fold(replica)]);
    expect(await statistics(replica, admin, `?contestId=${contest.id}`)).toEqual(last);
  });

  it('do not count a play before it is committed, and never one that is rolled back', async () => {
    const contest = await createContest(test, { tickets: 20 });
    const query = `?contestId=${contest.id}`;
    const [kept = '', undone = '', other = ''] = await unplayedCodes(test, contest, 3);
    const player = await registerCustomer(test);
    const [keeping, undoing] = [
      await RawPlay.begin(test, contest, kept, player.user.id),
      await RawPlay.begin(test, contest, undone, player.user.id),
    ];
    expect([keeping.won, undoing.won]).toEqual([true, true]);
    expect((await statistics(test, admin, query)).participations.total).toBe(0);
    // A play that is under way keeps neither another one of the same person waiting, nor the summing up.
    expect((await play(test, other, player)).status).toBe(200);
    expect(await fold(test)).toBeGreaterThan(0);
    expect(await statistics(test, admin, query)).toMatchObject({ participants: 1, participations: { total: 1 } });
    await keeping.commit();
    await undoing.rollback();
    const after = await statistics(test, admin, query);
    expect(after).toMatchObject({ participants: 1, participations: { total: 2 }, tickets: { pending: 2 } });
    expectOneMoment(after);
    await fold(replica);
    expect(await statistics(test, admin, query)).toEqual(after);
    expect((await verify()).holds).toBe(true);
  });

  it('are repaired while people play, without losing one', async () => {
    const contest = await createContest(test, { tickets: 400 });
    const codes = await unplayedCodes(test, contest, 300);
    await test.database.query('UPDATE counter_totals SET n = n + 3 WHERE contest_id = $1', [contest.id]);
    let repairs = 0;
    const played = new AbortController();
    const work = withHands(16, codes, (code, place) => play(test, code, customers[place % customers.length]!)).finally(
      () => {
        played.abort();
      },
    );
    while (!played.signal.aborted) {
      await Promise.all([replica.app.get(CounterVerification).repair(), fold(test)]);
      repairs++;
    }
    expect(tally(await work)).toEqual({ '200': 300 });
    expect(repairs).toBeGreaterThan(1);
    expect(await verify()).toEqual({ holds: true, different: 0, differences: [] });
    expect(await statistics(test, admin, `?contestId=${contest.id}`)).toMatchObject(await fullCount(test, contest));
  });

  it('are summed up or repaired by one at a time', async () => {
    const contest = await createContest(test, { tickets: 10 });
    const lock = await AdvisoryLock.tryAcquire(test.config.databaseUrl ?? '', 'fold-counters');
    expect(await fold(test)).toBe(0);
    expect(await test.database.query('SELECT FROM counter_changes')).not.toEqual([]);
    const repairing = test.app.get(CounterVerification).repair();
    await untilSomebodyWaits(test);
    expect((await statistics(test, admin, `?contestId=${contest.id}`)).tickets.total).toBe(10);
    await lock?.release();
    expect((await repairing).holds).toBe(true);
    expect(await test.database.query('SELECT FROM counter_changes')).toEqual([]);
  });

  it('are repaired as of one moment: what is played during the repair comes on top, once', async () => {
    const contest = await createContest(test, { tickets: 20 });
    const codes = await unplayedCodes(test, contest, 3);
    await play(test, codes[0], customers[0]!);
    await fold(test);
    await play(test, codes[1], customers[1]!);
    // Keeps the repair waiting in its midst, after it has begun to look.
    const runner = test.database.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT FROM counter_totals WHERE contest_id = $1 FOR UPDATE', [contest.id]);
    const repairing = replica.app.get(CounterVerification).repair();
    await untilSomebodyWaits(test);
    expect((await play(test, codes[2], customers[2]!)).status).toBe(200);
    await runner.rollbackTransaction();
    await runner.release();
    await repairing;
    expect(await verify()).toEqual({ holds: true, different: 0, differences: [] });
    const after = await statistics(test, admin, `?contestId=${contest.id}`);
    expect(after).toMatchObject({ participants: 3, participations: { total: 3 } });
    expectOneMoment(after);
  });

  it('leave no error in the log', () => {
    const lines = [...test.logLines(), ...replica.logLines()];
    expect(lines.filter(({ level, status }) => level === 'error' || Number(status) >= 500)).toEqual([]);
  });

  it('know of a print run as soon as it is there, and not before', async () => {
    const contest: Contest = await createContest(test, { tickets: 0 });
    const query = `?contestId=${contest.id}`;
    const insert = `INSERT INTO tickets (code, contest_id) VALUES ('22222222AA', $1), ('22222222AB', $1)`;
    const runner = test.database.createQueryRunner();
    await runner.startTransaction();
    await runner.query(insert, [contest.id]);
    expect((await statistics(test, admin, query)).tickets.total).toBe(0);
    await runner.rollbackTransaction();
    expect((await statistics(test, admin, query)).tickets.total).toBe(0);
    await runner.startTransaction();
    await runner.query(insert, [contest.id]);
    await runner.commitTransaction();
    await runner.release();
    expect((await statistics(test, admin, query)).tickets.total).toBe(2);
    await test.database.query(`DELETE FROM tickets WHERE code = '22222222AB'`);
    expect((await statistics(test, admin, query)).tickets).toEqual({ total: 1, unclaimed: 1, pending: 0, claimed: 0 });
    expect((await verify()).holds).toBe(true);
  });
});
