import { CounterFolding } from '@tiptop/game';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { moveTo } from '../support/clock-moves';
import { play } from '../support/plays';
import { expectInvalid, expectProblem } from '../support/problem';
import { timeline, type TimelineBody } from '../support/statistics';
import { startTestApp, type TestApp } from '../support/test-app';

const busy = (points: readonly TimelineBody[]): Record<string, number[]> =>
  Object.fromEntries(
    points
      .filter(({ participations, claims, registrations }) => participations || claims || registrations)
      .map(({ at, participations, claims, registrations }) => [at, [participations, claims, registrations]]),
  );

describe('GET /v1/admin/stats/timeline', () => {
  let test: TestApp;
  let admin: SessionBody;
  let employee: SessionBody;
  let customer: SessionBody;

  beforeEach(async () => {
    test = await startTestApp();
    [admin, employee] = [await signInAs(test, 'admin'), await signInAs(test, 'employee')];
    customer = await registerCustomer(test);
  });
  afterEach(async () => {
    await test.stop();
  });

  const fold = (): Promise<number> => test.app.get(CounterFolding).fold();

  /** Plays a ticket at each of the instants, and leaves the clock at the last one. */
  async function playAt(codes: readonly string[], instants: readonly string[]): Promise<SessionBody> {
    let asking = admin;
    for (const [place, instant] of instants.entries()) {
      const sessions = await moveTo(test, new Date(instant), 0, customer, admin);
      expect((await play(test, codes[place], sessions[0]!)).status).toBe(200);
      asking = sessions[1]!;
    }
    return asking;
  }

  it('has 23 hours on the day when an hour is left out', async () => {
    const contest = await createContest(test, { startsAt: new Date('2027-03-20T09:00:00Z') });
    const codes = await unplayedCodes(test, contest, 4);
    // 23:59 on the 27th, 01:59, 03:00, and 23:59 on the 28th, in Paris.
    const instants = ['2027-03-27T22:59:30Z', '2027-03-28T00:59:30Z', '2027-03-28T01:00:00Z', '2027-03-28T21:59:30Z'];
    const asking = await playAt(codes, instants);
    const hours = await timeline(test, asking, { from: '2027-03-28', to: '2027-03-28', interval: 'hour' });
    expect(hours).toHaveLength(23);
    expect([hours[0]!.at, hours[22]!.at]).toEqual(['2027-03-27T23:00:00.000Z', '2027-03-28T21:00:00.000Z']);
    expect(busy(hours)).toEqual({
      '2027-03-28T00:00:00.000Z': [1, 0, 0],
      '2027-03-28T01:00:00.000Z': [1, 0, 0],
      '2027-03-28T21:00:00.000Z': [1, 0, 0],
    });
    const days = await timeline(test, asking, { from: '2027-03-26', to: '2027-03-29', interval: 'day' });
    expect(days.map(({ at, participations }) => [at, participations])).toEqual([
      ['2027-03-25T23:00:00.000Z', 0],
      ['2027-03-26T23:00:00.000Z', 1],
      ['2027-03-27T23:00:00.000Z', 3],
      ['2027-03-28T22:00:00.000Z', 0],
    ]);
    await fold();
    expect(await timeline(test, asking, { from: '2027-03-28', to: '2027-03-28', interval: 'hour' })).toEqual(hours);
    expect(await timeline(test, asking, { from: '2027-03-26', to: '2027-03-29', interval: 'day' })).toEqual(days);
  });

  it('has 25 hours on the day when an hour comes twice, and tells the two apart', async () => {
    const contest = await createContest(test, { startsAt: new Date('2027-10-20T09:00:00Z') });
    const codes = await unplayedCodes(test, contest, 3);
    // 02:30, 02:30 again, and 23:59 in Paris.
    const asking = await playAt(codes, ['2027-10-31T00:30:00Z', '2027-10-31T01:30:00Z', '2027-10-31T22:59:30Z']);
    const hours = await timeline(test, asking, { from: '2027-10-31', to: '2027-10-31', interval: 'hour' });
    expect(hours).toHaveLength(25);
    expect(new Set(hours.map(({ at }) => at)).size).toBe(25);
    expect(busy(hours)).toEqual({
      '2027-10-31T00:00:00.000Z': [1, 0, 0],
      '2027-10-31T01:00:00.000Z': [1, 0, 0],
      '2027-10-31T22:00:00.000Z': [1, 0, 0],
    });
    const days = await timeline(test, asking, { from: '2027-10-31', to: '2027-11-01', interval: 'day' });
    expect(days.map(({ at, participations }) => [at, participations])).toEqual([
      ['2027-10-30T22:00:00.000Z', 3],
      ['2027-10-31T23:00:00.000Z', 0],
    ]);
    // Its last hour belongs to it, though no other day follows.
    expect(await timeline(test, asking, { from: '2027-10-31', to: '2027-10-31' })).toEqual([days[0]]);
    await fold();
    expect(await timeline(test, asking, { from: '2027-10-31', to: '2027-10-31', interval: 'hour' })).toEqual(hours);
  });

  it('counts a hand-over at its time, and takes it out there again when it is undone later', async () => {
    const contest = await createContest(test, { startsAt: new Date('2027-05-01T09:00:00Z') });
    const codes = await unplayedCodes(test, contest, 2);
    await playAt(codes, ['2027-05-03T10:10:00Z', '2027-05-03T10:50:00Z']);
    const [staff] = await moveTo(test, new Date('2027-05-04T08:20:00Z'), 0, employee);
    for (const code of codes) {
      const body = { identityChecked: true };
      expect((await test.client.post(`/v1/claims/${code}/validate`, body, staff!.accessToken)).status).toBe(200);
    }
    await fold();
    const [asking] = await moveTo(test, new Date('2027-05-06T08:00:00Z'), 0, admin);
    const period = { from: '2027-05-01', to: '2027-05-06', interval: 'hour' };
    expect(busy(await timeline(test, asking!, period))).toEqual({
      '2027-05-03T10:00:00.000Z': [2, 0, 0],
      '2027-05-04T08:00:00.000Z': [0, 2, 0],
    });
    const undone = await test.client.post(`/v1/claims/${codes[0]}/undo`, { reason: 'Erreur' }, asking!.accessToken);
    expect(undone.status).toBe(200);
    const after = {
      '2027-05-03T10:00:00.000Z': [2, 0, 0],
      '2027-05-04T08:00:00.000Z': [0, 1, 0],
    };
    expect(busy(await timeline(test, asking!, period))).toEqual(after);
    await fold();
    expect(busy(await timeline(test, asking!, period))).toEqual(after);
  });

  it('counts the registrations of customers, and plays of the contest that is asked for', async () => {
    const [one, other] = [await createContest(test), await createContest(test)];
    for (const [contest, plays] of [
      [one, 2],
      [other, 1],
    ] as const) {
      for (const code of await unplayedCodes(test, contest, plays)) await play(test, code, customer);
    }
    await registerCustomer(test);
    const total = async (query: Record<string, string>): Promise<number[]> => {
      const points = await timeline(test, admin, query);
      return [
        points.reduce((sum, point) => sum + point.participations, 0),
        points.reduce((sum, point) => sum + point.registrations, 0),
      ];
    };
    // Neither the administrator nor the employee registered.
    expect(await total({ contestId: one.id, interval: 'hour' })).toEqual([2, 2]);
    expect(await total({ contestId: other.id })).toEqual([1, 2]);
    await fold();
    expect(await total({ contestId: one.id })).toEqual([2, 2]);
    const days = await timeline(test, admin, {});
    expect(days).toHaveLength(31);
  });

  it('refuses a period that makes no sense, says so, and gives what a period touches as a whole', async () => {
    await createContest(test, { tickets: 10 });
    const ask = (query: string) => test.client.get(`/v1/admin/stats/timeline?${query}`, admin.accessToken);
    expectInvalid(await ask('interval=week'), 'interval');
    expectInvalid(await ask('from=yesterday&to=2026-02-30'), 'from', 'to');
    expectInvalid(await ask('from=2026-11-02&to=2026-11-01'), 'to');
    const long = expectInvalid(await ask('from=2026-01-01&to=2026-06-01&interval=hour'), 'to');
    expect(long.errors?.[0]?.message).toMatch(/trop longue/);
    expectInvalid(await ask('from=2000-01-01'), 'from');
    expectProblem(await ask('contestId=00000000-0000-4000-8000-000000000000'), 404, 'CONTEST_NOT_FOUND');
    const period = { from: '2026-11-01T09:30:00Z', to: '2026-11-01T11:00:00Z', interval: 'hour' };
    expect((await timeline(test, admin, period)).map(({ at }) => at)).toEqual([
      '2026-11-01T09:00:00.000Z',
      '2026-11-01T10:00:00.000Z',
    ]);
    expect(await timeline(test, admin, { from: '2026-11-01', to: '2027-11-30', interval: 'day' })).toHaveLength(395);
  });

  it('says so where there is no contest', async () => {
    expectProblem(await test.client.get('/v1/admin/stats/timeline', admin.accessToken), 404, 'NO_CONTEST');
  });
});
