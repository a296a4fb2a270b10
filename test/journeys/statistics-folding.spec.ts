import { SchedulerRegistry } from '@nestjs/schedule';
import { FoldJob } from '@tiptop/game';
import { createContest, type SessionBody, signInAs } from '../support/builders';
import { statistics } from '../support/statistics';
import { startTestApp, type TestApp } from '../support/test-app';
import { until } from '../support/waiting';

describe('Summing up by the clock', () => {
  let test: TestApp;
  let admin: SessionBody;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
  });
  afterAll(async () => {
    await test.stop();
  });

  const waiting = async (): Promise<number> =>
    (await test.database.query<unknown[]>('SELECT FROM counter_changes')).length;
  const warnings = (): string[] =>
    test
      .logLines()
      .filter(({ level }) => level === 'warn' || level === 'error')
      .map(({ msg }) => msg as string);

  it('fails without harm: it is told once, and the statistics are right all the same', async () => {
    await createContest(test, { tickets: 30 });
    const job = test.app.get(FoldJob);
    // Nobody may write them: what a full disk would do.
    await test.database.query(
      'CREATE TRIGGER fault BEFORE INSERT ON counter_totals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(1)',
    );
    await job.run();
    await job.run();
    expect(warnings()).toEqual(['The counters could not be summed up; it is tried again in seconds']);
    expect(await waiting()).toBeGreaterThan(0);
    expect((await statistics(test, admin)).tickets.total).toBe(30);

    await test.database.query('DROP TRIGGER fault ON counter_totals');
    await job.run();
    expect(await waiting()).toBe(0);
    expect((await statistics(test, admin)).tickets.total).toBe(30);
    expect(warnings()).toHaveLength(1);
  });

  it('begins when the service does, and not before', async () => {
    await createContest(test, { tickets: 10 });
    expect(await waiting()).toBeGreaterThan(0);
    expect(test.app.get(SchedulerRegistry).getCronJob('fold-counters').isActive).toBe(false);
    test.app.get(FoldJob).start();
    await until('everything is summed up', async () => (await waiting()) === 0);
    expect((await statistics(test, admin)).tickets.total).toBe(10);
  });
});
