import { SchedulerRegistry } from '@nestjs/schedule';
import { PersonalData, RETENTION_JOB, RetentionJob, type RetentionOutcome, RetentionService } from '@tiptop/auth';
import { createLogger } from '@tiptop/platform';
import { Client } from 'pg';
import { Service } from '../../apps/api/src/service';
import {
  createContest,
  PASSWORD,
  registerCustomer,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { startTestApp, testConfig, type TestApp } from '../support/test-app';
import { needlesOf } from '../support/traces';
import { until, untilSomebodyWaits } from '../support/waiting';

const DAY_MS = 86_400_000;
const YEARS_3 = 3 * 365 * DAY_MS;

describe('Accounts that nobody uses', () => {
  let test: TestApp;

  beforeEach(async () => {
    test = await startTestApp();
  });
  afterEach(async () => {
    await test.stop();
  });

  const retention = (at: TestApp = test): RetentionService => at.app.get(RetentionService);
  async function run(): Promise<Pick<RetentionOutcome, 'erased' | 'kept' | 'failed'>> {
    const outcome = await retention().run();
    if (!outcome) throw new Error('Another process is at it');
    const { erased, kept, failed } = outcome;
    return { erased, kept, failed };
  }

  async function isErased({ user }: Pick<SessionBody, 'user'>): Promise<boolean> {
    const rows = await test.database.query<{ email: string }[]>(
      'SELECT email FROM users WHERE id = $1 AND erased_at IS NOT NULL',
      [user.id],
    );
    expect(rows.every(({ email }) => email === `erased-${user.id}@erased.invalid`)).toBe(true);
    return rows.length === 1;
  }

  /** Customers who have never been seen since an instant, by SQL: many, or in an order of one's own. */
  async function addInactive(count: number, lastActiveAt: Date): Promise<string[]> {
    const rows = await test.database.query<{ id: string }[]>(
      `INSERT INTO users (email, email_key, first_name, last_name, birth_date, search_text, last_active_at, created_at,
         updated_at)
       SELECT 'gone' || n || '@example.fr', 'gone' || n || '@example.fr', 'Gone', 'Long', '1980-02-03', 'gone long',
         $2::timestamptz + n * interval '1 millisecond', $2, $2
       FROM generate_series(1, $1) n RETURNING id`,
      [count, lastActiveAt],
    );
    return rows.map(({ id }) => id);
  }

  /** Holds an account's row while some work is done. */
  async function whileLocked(userId: string, work: () => Promise<void>): Promise<void> {
    const client = new Client({ connectionString: test.config.databaseUrl });
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [userId]);
    try {
      await work();
    } finally {
      await client.query('COMMIT');
      await client.end();
    }
  }

  it('stay for three years less a day, and are erased a day after three years', async () => {
    const customer = await registerCustomer(test, { newsletter: true });
    test.clock.moveBy(YEARS_3 - DAY_MS);
    expect(await run()).toEqual({ erased: 0, kept: 0, failed: 0 });
    expect(await isErased(customer)).toBe(false);
    test.clock.moveBy(2 * DAY_MS);
    expect(await run()).toEqual({ erased: 1, kept: 0, failed: 0 });
    expect(await isErased(customer)).toBe(true);
    expect(await run()).toEqual({ erased: 0, kept: 0, failed: 0 });
  });

  it('count from the last sign-in or its prolongation, whatever else', async () => {
    const signedIn = await registerCustomer(test);
    const prolonged = await registerCustomer(test);
    const gone = await registerCustomer(test);
    test.clock.moveBy(20 * DAY_MS);
    const login = { email: signedIn.user.email, password: PASSWORD };
    expect((await test.client.post('/v1/auth/login', login)).status).toBe(200);
    const { refreshToken } = prolonged;
    expect((await test.client.post('/v1/auth/refresh', { refreshToken })).status).toBe(200);
    test.clock.moveBy(YEARS_3 - 10 * DAY_MS);
    expect(await run()).toMatchObject({ erased: 1 });
    expect([await isErased(signedIn), await isErased(prolonged), await isErased(gone)]).toEqual([false, false, true]);
  });

  it('are erased when they were archived as well; those of staff are not', async () => {
    const archived = await registerCustomer(test);
    await test.database.query('UPDATE users SET is_active = false WHERE id = $1', [archived.user.id]);
    const staff = [await signInAs(test, 'employee'), await signInAs(test, 'admin')];
    test.clock.moveBy(YEARS_3 + DAY_MS);
    expect(await run()).toEqual({ erased: 1, kept: 0, failed: 0 });
    expect(await isErased(archived)).toBe(true);
    for (const one of staff) expect(await isErased(one)).toBe(false);
  });

  it('stay while a prize waits for their owner', async () => {
    const contest = await createContest(test, {
      startsAt: new Date(test.clock.now().getTime() + YEARS_3 - 40 * DAY_MS),
    });
    const [waiting, fetched, idle] = [
      await registerCustomer(test),
      await registerCustomer(test),
      await registerCustomer(test),
    ];
    const employee = await signInAs(test, 'employee');
    const codes = await unplayedCodes(test, contest, 2);
    // As if their sessions had lasted for years: what they play does not count, only that they signed in.
    await test.database.query(
      `UPDATE tickets SET status = 'pending', player_id = x.player, played_at = $3, deck_position = x.n,
         prize_id = (SELECT id FROM prizes WHERE contest_id = tickets.contest_id LIMIT 1)
       FROM (SELECT * FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS u (code, player, n)) x
       WHERE tickets.code = x.code`,
      [codes, [waiting.user.id, fetched.user.id], contest.startsAt],
    );
    await test.database.query(
      `UPDATE tickets SET status = 'claimed', claimed_by = $2, claimed_at = $3 WHERE code = $1`,
      [codes[1], employee.user.id, contest.startsAt],
    );
    test.clock.moveTo(new Date(contest.claimEndsAt.getTime() - DAY_MS));
    const plan = await retention().plan();
    expect(plan.accounts.map(({ id, keptBecause }) => [id, keptBecause])).toEqual([
      [waiting.user.id, 'PRIZE_WAITING'],
      [fetched.user.id, null],
      [idle.user.id, null],
    ]);
    expect(await run()).toEqual({ erased: 2, kept: 1, failed: 0 });
    expect(await isErased(waiting)).toBe(false);
    test.clock.moveTo(contest.claimEndsAt);
    expect(await run()).toEqual({ erased: 1, kept: 0, failed: 0 });
    expect(await isErased(waiting)).toBe(true);
  });

  it('are listed by a dry run, which changes nothing', async () => {
    const customer = await registerCustomer(test);
    const [before] = await test.database.query<{ at: Date }[]>('SELECT last_active_at AS at FROM users');
    test.clock.moveBy(YEARS_3 + DAY_MS);
    const snapshot = async (): Promise<unknown> =>
      test.database.query('SELECT u.*, s.* FROM users u JOIN sessions s ON s.user_id = u.id');
    const untouched = await snapshot();
    const plan = await retention().plan();
    expect(plan.accounts).toEqual([{ id: customer.user.id, lastActiveAt: before?.at, keptBecause: null }]);
    expect(plan.inactiveSince.getTime()).toBeGreaterThan(before!.at.getTime());
    expect(await snapshot()).toEqual(untouched);
    expect(await isErased(customer)).toBe(false);
  });

  it('are all met, however many there are', async () => {
    await addInactive(230, new Date('2020-01-01T00:00:00Z'));
    expect(await run()).toEqual({ erased: 230, kept: 0, failed: 0 });
  });

  it('stay where their owner signs in during the run', async () => {
    const [first = ''] = await addInactive(1, new Date('2020-01-01T00:00:00Z'));
    const back = await registerCustomer(test);
    await test.database.query(`UPDATE users SET last_active_at = '2020-01-02' WHERE id = $1`, [back.user.id]);
    let running = Promise.resolve<unknown>(undefined);
    await whileLocked(first, async () => {
      running = run();
      await untilSomebodyWaits(test);
      const { status } = await test.client.post('/v1/auth/login', { email: back.user.email, password: PASSWORD });
      expect(status).toBe(200);
    });
    expect(await running).toEqual({ erased: 1, kept: 1, failed: 0 });
    expect(await isErased(back)).toBe(false);
  });

  it('are erased but for the one that can’t be, which the log tells of', async () => {
    const [bad = '', good = ''] = await addInactive(2, new Date('2020-01-01T00:00:00Z'));
    test.app.get(PersonalData).register({
      name: 'broken',
      collect: () => Promise.resolve(null),
      erase: (id) => (id === bad ? Promise.reject(new Error('It is stuck')) : Promise.resolve()),
    });
    expect(await run()).toEqual({ erased: 1, kept: 0, failed: 1 });
    const left = await test.database.query<{ id: string }[]>('SELECT id FROM users WHERE erased_at IS NOT NULL');
    expect(left).toEqual([{ id: good }]);
    expect(test.logLines().filter(({ level }) => level === 'error')).toMatchObject([{ userId: bad }]);
  });

  it('are left for the next night when the service stops', async () => {
    await addInactive(1, new Date('2020-01-01T00:00:00Z'));
    expect(await retention().run(AbortSignal.abort())).toMatchObject({ erased: 0, kept: 0, failed: 0 });
    expect(await run()).toMatchObject({ erased: 1 });
  });

  it('stand in the statistics of the database no longer', async () => {
    await registerCustomer(test, { email: 'zebulonette@quatrefages.example' });
    const needles = needlesOf('zebulonette', 'quatrefages');
    const quoted = async () =>
      test.database.query<unknown[]>(
        `SELECT attname FROM pg_stats s
         WHERE EXISTS (SELECT FROM unnest($1::text[]) needle WHERE strpos(lower(s::text), needle) > 0)`,
        [needles],
      );
    await addInactive(2, new Date('2020-01-01T00:00:00Z'));
    await test.database.query('ANALYZE users');
    expect(await quoted()).not.toEqual([]);
    test.clock.moveBy(YEARS_3 + DAY_MS);
    expect(await run()).toMatchObject({ erased: 3 });
    expect(await quoted()).toEqual([]);
  });

  describe('by the calendar', () => {
    it('are looked for at the time that is configured, once the service has started', async () => {
      const job = test.app.get(SchedulerRegistry).getCronJob(RETENTION_JOB);
      expect(job.isActive).toBe(false);
      expect(job.cronTime.source).toBe(test.config.retention.cron);
      expect(job.cronTime.timeZone).toBe('UTC');
      await addInactive(1, new Date('2020-01-01T00:00:00Z'));
      const lines: string[] = [];
      const config = testConfig(test.config.databaseUrl ?? '', {
        retention: { inactiveDays: 1095, cron: '* * * * * *' },
      });
      const service = await Service.start(
        config,
        createLogger('info', { write: (line) => void lines.push(line) }),
        () => undefined,
      );
      try {
        await until('the retention has run', () => lines.some((line) => line.includes('The retention has run')));
      } finally {
        await service.stop();
      }
      const [line = ''] = lines.filter((one) => one.includes('The retention has run'));
      expect(JSON.parse(line)).toMatchObject({
        level: 'info',
        erased: 1,
        kept: 0,
        failed: 0,
        expired: { mailLinks: 0 },
      });
      expect(line).not.toMatch(/gone|redacted/i);
    });

    it('are erased by one of two replicas that come to it at once', async () => {
      const replica = await test.replica();
      const [id = ''] = await addInactive(1, new Date('2020-01-01T00:00:00Z'));
      const [job, other] = [test.app.get(RetentionJob), replica.app.get(RetentionJob)];
      let running = Promise.resolve();
      await whileLocked(id, async () => {
        running = job.run();
        await untilSomebodyWaits(test);
        await other.run();
      });
      await running;
      expect(job.lastRun).toMatchObject({ failed: false, outcome: { erased: 1 } });
      expect(other.lastRun).toMatchObject({ failed: false, outcome: undefined });
      // The lock is let go of.
      await other.run();
      expect(other.lastRun).toMatchObject({ outcome: { erased: 0 } });
    });

    it('are told of where the run fails, and met by the next one', async () => {
      await addInactive(1, new Date('2020-01-01T00:00:00Z'));
      const job = test.app.get(RetentionJob);
      await test.database.query('ALTER TABLE spent_states RENAME TO away');
      await job.run();
      expect(job.lastRun).toMatchObject({ failed: true });
      expect(test.logLines().filter(({ level }) => level === 'error')).toHaveLength(1);
      await test.database.query('ALTER TABLE away RENAME TO spent_states');
      await job.run();
      expect(job.lastRun).toMatchObject({ failed: false, outcome: { erased: 1 } });
    });
  });
});
