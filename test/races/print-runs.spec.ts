import type { Contest } from '@tiptop/game';
import { createContest, type SessionBody, signInAs } from '../support/builders';
import { deckFacts, expectDeckHolds } from '../support/deck-facts';
import { tally } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { until, untilSomebodyWaits } from '../support/waiting';

const DAY_MS = 86_400_000;

interface RunBody {
  id: string;
  status: string;
  reason: string | null;
}

describe('Print runs of two replicas', () => {
  let test: TestApp;
  let replica: TestApp;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    replica = await test.replica();
    admin = await signInAs(test, 'admin');
  });
  afterAll(async () => {
    await test.stop();
  });

  const planned = (): Promise<Contest> => createContest(test, { tickets: 0, startsAt: new Date(Date.now() + DAY_MS) });
  const print = ({ client }: TestApp, contest: Contest, count: number) =>
    client.post<RunBody>(`/v1/admin/contests/${contest.id}/tickets`, { count }, admin.accessToken);
  const runsOf = async (contest: Contest): Promise<RunBody[]> =>
    (await test.client.get<{ items: RunBody[] }>(`/v1/admin/contests/${contest.id}/print-runs`, admin.accessToken)).body
      .items;
  const over = async (contest: Contest): Promise<void> => {
    await until('no print run is under way', async () =>
      (await runsOf(contest)).every(({ status }) => ['done', 'failed'].includes(status)),
    );
  };

  /** Holds a contest, so that a print run of it begins and comes no further. */
  async function whileHeld(contest: Contest, work: () => Promise<void>): Promise<void> {
    const runner = test.database.createQueryRunner();
    await runner.startTransaction();
    try {
      await runner.query('SELECT FROM contests WHERE id = $1 FOR NO KEY UPDATE', [contest.id]);
      await work();
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  }

  it('asked for at once of one contest are one', async () => {
    const contest = await planned();
    await whileHeld(contest, async () => {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => print(n % 2 === 0 ? test : replica, contest, 100)),
      );
      expect(tally(answers)).toEqual({ 202: 1, '409 PRINT_RUN_UNDER_WAY': 9 });
    });
    await over(contest);
    expect((await runsOf(contest)).map(({ status }) => status)).toEqual(['done']);
    expect(await deckFacts(test, contest)).toEqual({ size: 100, drawn: 0, dealt: 0, unplayed: 100 });
    await expectDeckHolds(test, contest);
  });

  it('of several contests are all made', async () => {
    const contests = await Promise.all([planned(), planned(), planned(), planned()]);
    const answers = await Promise.all(contests.map((contest, n) => print(n % 2 === 0 ? test : replica, contest, 50)));
    expect(tally(answers)).toEqual({ 202: 4 });
    for (const contest of contests) {
      await over(contest);
      expect(await deckFacts(test, contest)).toMatchObject({ size: 50, unplayed: 50 });
    }
  });

  it('add nothing where they were given up while they were at work, though their process lives', async () => {
    const contest = await planned();
    await whileHeld(contest, async () => {
      const { body } = await print(test, contest, 100);
      await untilSomebodyWaits(test);
      await test.database.query(
        `UPDATE print_runs SET status = 'failed', reason = 'INTERRUPTED', finished_at = now() WHERE id = $1`,
        [body.id],
      );
    });
    // A second one follows at once, and both end; had the first added its tickets there would be more.
    await print(replica, contest, 7);
    await over(contest);
    await until('the second has its tickets', async () => {
      const [row] = await test.database.query<{ n: number }[]>(
        'SELECT count(*)::int AS n FROM tickets WHERE contest_id = $1',
        [contest.id],
      );
      return row!.n > 0;
    });
    expect((await runsOf(contest)).map(({ status, reason }) => [status, reason])).toEqual([
      ['done', null],
      ['failed', 'INTERRUPTED'],
    ]);
    expect(await deckFacts(test, contest)).toMatchObject({ size: 7, unplayed: 7 });
    await expectDeckHolds(test, contest);
  });
});
