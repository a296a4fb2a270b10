import { SchedulerRegistry } from '@nestjs/schedule';
import { type Contest, REMINDER_JOB, ReminderJob, RemindersService } from '@tiptop/game';
import { createLogger } from '@tiptop/platform';
import { Client } from 'pg';
import { Service } from '../../apps/api/src/service';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { newestLetter, waitingLetters } from '../support/letters';
import { play } from '../support/plays';
import { startTestApp, testConfig, type TestApp } from '../support/test-app';
import { until } from '../support/waiting';

const MINUTE_MS = 60_000;
const KIND = 'prize-reminder';
const BOX = { name: 'Coffret découverte', description: 'Un coffret', valueCents: 3900, currency: 'EUR', weight: 1 };

const plain = (text: string) => text.replace(/\s+/g, ' ');

describe('Reminders of prizes that wait', () => {
  let test: TestApp;
  let contest: Contest;

  beforeEach(async () => {
    test = await startTestApp({ config: { timeZone: 'Europe/Paris', webUrl: 'https://www.the-tip-top.example' } });
    // Ends on Friday 1 January 2027 at 00:00 in Paris: Thursday 31 December is the last day.
    contest = await createContest(test, { tickets: 60, prizes: [BOX], startsAt: new Date('2026-11-01T23:00:00Z') });
    expect(contest.claimEndsAt).toEqual(new Date('2026-12-31T23:00:00Z'));
    test.clock.moveTo(new Date('2026-11-20T12:00:00Z'));
  });
  afterEach(async () => {
    await test.stop();
  });

  const at = (instant: string): void => {
    test.clock.moveTo(new Date(instant));
  };
  const run = async (at: TestApp = test): Promise<number | undefined> =>
    (await at.app.get(RemindersService).run())?.posted;
  const win = async (player: SessionBody): Promise<string> => {
    const [code = ''] = await unplayedCodes(test, contest, 1);
    expect((await play(test, code, player)).status).toBe(200);
    return code;
  };
  const winner = async (): Promise<SessionBody> => {
    const player = await registerCustomer(test);
    await win(player);
    return player;
  };
  /** For which reminders a person has a letter in the queue, in the order of posting. */
  const letters = async ({ user }: SessionBody): Promise<unknown[]> =>
    (await waitingLetters(test, user.id, KIND)).map(({ data }) => Number(data['daysBefore']));

  describe('by the calendar', () => {
    it('come at nine in the morning of the seventh and of the second day before the last, each once', async () => {
      const player = await winner();
      at('2026-12-24T07:59:00Z');
      expect(await run()).toBe(0);
      at('2026-12-24T08:00:00Z');
      expect(await run()).toBe(1);
      expect(await run()).toBe(0);
      at('2026-12-29T07:59:00Z');
      expect(await run()).toBe(0);
      at('2026-12-29T08:00:00Z');
      expect(await run()).toBe(1);
      expect(await run()).toBe(0);
      expect(await letters(player)).toEqual([7, 2]);
    });

    it.each([
      ['the clocks go back', '2027-10-31T23:00:00Z', '2027-10-24T07:00:00Z', '2027-10-29T07:00:00Z'],
      ['the clocks have just gone back', '2027-11-02T23:00:00Z', '2027-10-26T07:00:00Z', '2027-10-31T08:00:00Z'],
      ['the clocks have just gone forward', '2027-03-29T22:00:00Z', '2027-03-22T08:00:00Z', '2027-03-27T08:00:00Z'],
      ['the clocks go forward on the very day', '2027-03-30T22:00:00Z', '2027-03-23T08:00:00Z', '2027-03-28T07:00:00Z'],
    ])('come at nine of the clock on the wall where %s', async (_, claimEndsAt, seventh, second) => {
      const player = await winner();
      await test.database.query('UPDATE contests SET claim_ends_at = $2 WHERE id = $1', [contest.id, claimEndsAt]);
      for (const due of [seventh, second]) {
        test.clock.moveTo(new Date(new Date(due).getTime() - MINUTE_MS));
        expect(await run()).toBe(0);
        at(due);
        expect(await run()).toBe(1);
      }
      expect(await letters(player)).toEqual([7, 2]);
    });

    it('are caught up on after days without service, only the last one that came due', async () => {
      const player = await winner();
      at('2026-12-27T03:00:00Z');
      expect(await run()).toBe(1);
      at('2026-12-31T22:59:00Z');
      expect(await run()).toBe(1);
      expect(await letters(player)).toEqual([7, 2]);
      const late = await createContest(test, { tickets: 5, prizes: [BOX], startsAt: new Date('2026-11-10T23:00:00Z') });
      contest = late;
      at('2026-12-01T12:00:00Z');
      const other = await winner();
      at('2027-01-09T12:00:00Z');
      expect(await run()).toBe(1);
      expect(await letters(other)).toEqual([2]);
    });

    it('come again where the end is put off after they came', async () => {
      const player = await winner();
      at('2026-12-24T08:00:00Z');
      expect(await run()).toBe(1);
      await test.database.query(`UPDATE contests SET claim_ends_at = '2027-01-14T23:00:00Z' WHERE id = $1`, [
        contest.id,
      ]);
      at('2027-01-07T07:59:00Z');
      expect(await run()).toBe(0);
      at('2027-01-07T08:00:00Z');
      expect(await run()).toBe(1);
      expect(await run()).toBe(0);
      expect(await letters(player)).toEqual([7, 7]);
    });

    it('come no more once the time is over', async () => {
      const player = await winner();
      at('2026-12-31T23:00:00Z');
      expect(await run()).toBe(0);
      expect(await letters(player)).toEqual([]);
    });

    it('come for all of many people, however many there are', async () => {
      await test.database.query(
        `WITH people AS (
           INSERT INTO users (email, email_key, first_name, last_name, birth_date, search_text, last_active_at, created_at, updated_at)
           SELECT 'p' || n || '@example.fr', 'p' || n || '@example.fr', 'P', 'Q', '1980-02-03', 'p q', now(), now(), now()
           FROM generate_series(1, 1200) n RETURNING id
         ), numbered AS (SELECT id, row_number() OVER () AS n FROM people)
         INSERT INTO tickets (code, contest_id, status, player_id, prize_id, deck_position, played_at)
         SELECT lpad(n::text, 10, 'Z'), $1, 'pending', id, (SELECT id FROM prizes WHERE contest_id = $1), 1000 + n, '2026-11-20T12:00:00Z'
         FROM numbered`,
        [contest.id],
      );
      at('2026-12-24T12:00:00Z');
      expect(await run()).toBe(1200);
      const [row] = await test.database.query<object[]>(
        'SELECT count(*)::int AS letters, count(DISTINCT user_id)::int AS people FROM letters WHERE kind = $1',
        [KIND],
      );
      expect(row).toEqual({ letters: 1200, people: 1200 });
    });
  });

  describe('go to', () => {
    it('nobody who has fetched everything, was archived or erased, or has won since the reminder was due', async () => {
      const [fetched, archived, erased, fresh, waiting] = [
        await registerCustomer(test),
        await winner(),
        await winner(),
        await registerCustomer(test),
        await winner(),
      ];
      const employee = await signInAs(test, 'employee');
      const code = await win(fetched);
      await test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken);
      await test.database.query('UPDATE users SET is_active = false WHERE id = $1', [archived.user.id]);
      await test.client.request('DELETE', '/v1/users/me', { token: erased.accessToken });
      at('2026-12-24T08:00:01Z');
      const [winsNow = ''] = await unplayedCodes(test, contest, 1);
      const { body } = await test.client.post<SessionBody>('/v1/auth/login', {
        email: fresh.user.email,
        password: 'trois-tasses-de-sencha',
      });
      expect((await play(test, winsNow, body)).status).toBe(200);
      expect(await run()).toBe(1);
      expect(await letters(waiting)).toEqual([7]);
      at('2026-12-29T08:00:00Z');
      expect(await run()).toBe(2);
      expect(await letters(fresh)).toEqual([2]);
      for (const nobody of [fetched, archived, erased]) expect(await letters(nobody)).toEqual([]);
    });

    it('a person who sees in their data that they did', async () => {
      const player = await winner();
      at('2026-12-24T08:00:00Z');
      await run();
      const { body } = await test.client.post<SessionBody>('/v1/auth/login', {
        email: player.user.email,
        password: 'trois-tasses-de-sencha',
      });
      const data = await test.client.get<{ records: unknown }>('/v1/users/me/data', body.accessToken);
      expect(data.body.records).toMatchObject({
        reminders: [
          { contest: contest.name, daysBefore: 7, postedAt: expect.stringMatching(/^2026-12-24T08/) as string },
        ],
      });
    });
  });

  describe('say', () => {
    it('in one letter all that waits when it leaves, by which codes, until when and where', async () => {
      const player = await registerCustomer(test, { firstName: 'Zoé' });
      const [first, second, third] = [await win(player), await win(player), await win(player)];
      await test.database.query(`INSERT INTO stores (name, city, created_at) VALUES ('Étoile', 'Nice', now())`);
      at('2026-12-24T08:00:00Z');
      expect(await run()).toBe(1);
      const employee = await signInAs(test, 'employee');
      await test.client.post(`/v1/claims/${second}/validate`, { identityChecked: true }, employee.accessToken);
      const letter = await newestLetter(test, player.user.id, KIND);
      expect(letter).toMatchObject({ language: 'fr', to: { address: player.user.email } });
      expect(letter?.variables).toMatchObject({
        firstName: 'Zoé',
        prizes: `Coffret découverte (code ${first}) ; Coffret découverte (code ${third})`,
        shops: 'Étoile (Nice)',
        link: 'https://www.the-tip-top.example',
      });
      expect(plain(letter?.variables['until'] ?? '')).toBe('vendredi 1 janvier 2027 à 00:00');
      for (const texts of Object.values(letter!.texts)) {
        for (const [, name = ''] of `${texts.subject}${texts.body}`.matchAll(/\{\{(?:#if )?(\w+)\}\}/g)) {
          if (name !== 'else') expect(letter!.variables).toHaveProperty(name);
        }
      }
    });

    it('nothing where all was fetched, the person has gone, or the time is over when the letter would leave', async () => {
      const [fetcher, archived, waiting] = [await registerCustomer(test), await winner(), await winner()];
      const code = await win(fetcher);
      at('2026-12-24T08:00:00Z');
      expect(await run()).toBe(3);
      const employee = await signInAs(test, 'employee');
      await test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken);
      await test.database.query('UPDATE users SET is_active = false WHERE id = $1', [archived.user.id]);
      expect(await newestLetter(test, fetcher.user.id, KIND)).toBeUndefined();
      expect(await newestLetter(test, archived.user.id, KIND)).toBeUndefined();
      expect(await newestLetter(test, waiting.user.id, KIND)).toBeDefined();
      at('2026-12-31T23:00:00Z');
      expect(await newestLetter(test, waiting.user.id, KIND)).toBeUndefined();
    });
  });

  describe('are posted', () => {
    it('once by two replicas that come to it again and again at the same time', async () => {
      const players = [];
      for (let n = 0; n < 5; n++) players.push(await winner());
      const replica = await startTestApp({ databaseUrl: test.config.databaseUrl ?? '' });
      try {
        for (const due of ['2026-12-24T08:00:00Z', '2026-12-29T08:00:00Z']) {
          for (const { clock } of [test, replica]) clock.moveTo(new Date(due));
          const runs = Array.from({ length: 6 }, (_, n) => run(n % 2 === 0 ? test : replica));
          const posted = (await Promise.all(runs)).map((count) => count ?? 0);
          expect(posted.reduce((sum, count) => sum + count, 0)).toBe(5);
        }
        for (const player of players) expect(await letters(player)).toEqual([7, 2]);
      } finally {
        await replica.stop();
      }
    });

    it('by one of two at a time, and once even if both were at it', async () => {
      const player = await winner();
      at('2026-12-24T08:00:00Z');
      const client = new Client({ connectionString: test.config.databaseUrl });
      await client.connect();
      // What another one at work has written and not committed.
      await client.query('BEGIN');
      await client.query('INSERT INTO reminders SELECT id, $2, 7, claim_ends_at, now() FROM contests WHERE id = $1', [
        contest.id,
        player.user.id,
      ]);
      const job = test.app.get(ReminderJob);
      const running = job.run();
      await until('it waits', async () => {
        const { rows } = await client.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        return rows.length > 0;
      });
      expect(await run()).toBeUndefined();
      await client.query('COMMIT');
      await client.end();
      await running;
      expect(job.lastRun).toEqual({ outcome: { posted: 0 }, failed: false });
      expect(await letters(player)).toEqual([]);
    });

    it('not at all where the letter can’t be queued, and then at the next time', async () => {
      const player = await winner();
      at('2026-12-24T08:00:00Z');
      const job = test.app.get(ReminderJob);
      await test.database.query('ALTER TABLE mail_orders RENAME TO away');
      await job.run();
      expect(job.lastRun).toEqual({ outcome: undefined, failed: true });
      expect(await test.database.query('SELECT FROM reminders')).toEqual([]);
      expect(test.logLines().filter(({ level }) => level === 'error')).toHaveLength(1);
      await test.database.query('ALTER TABLE away RENAME TO mail_orders');
      await job.run();
      expect(await letters(player)).toEqual([7]);
    });

    it('every ten minutes, once the service has started', async () => {
      const job = test.app.get(SchedulerRegistry).getCronJob(REMINDER_JOB);
      expect(job.isActive).toBe(false);
      expect(job.cronTime.source).toBe('*/10 * * * *');
      expect(job.cronTime.timeZone).toBe('UTC');
      const start = jest.spyOn(ReminderJob.prototype, 'start');
      const service = await Service.start(
        testConfig(test.config.databaseUrl ?? ''),
        createLogger('silent'),
        () => undefined,
      );
      await service.stop();
      expect(start).toHaveBeenCalledTimes(1);
      start.mockRestore();
    });
  });

  it('leave what was not fetched in time as it is, and it shows as expired', async () => {
    const player = await winner();
    const employee = await signInAs(test, 'employee');
    test.clock.moveTo(new Date(contest.claimEndsAt.getTime() - MINUTE_MS));
    const sessions = await Promise.all(
      [player, employee].map(async ({ user }) => {
        const { body } = await test.client.post<SessionBody>('/v1/auth/login', {
          email: user.email,
          password: 'trois-tasses-de-sencha',
        });
        return body.accessToken;
      }),
    );
    const look = async () => {
      const mine = await test.client.get<{ items: { code: string }[] }>('/v1/users/me/tickets', sessions[0]);
      const code = mine.body.items[0]?.code ?? '';
      const listed = await test.client.get<{ items: object[] }>('/v1/claims?status=pending', sessions[1]);
      const one = await test.client.get<{ ticket: object }>(`/v1/claims/${code}`, sessions[1]);
      return [mine.body.items[0], listed.body.items[0], one.body.ticket];
    };
    for (const shown of await look()) expect(shown).toMatchObject({ status: 'pending', expired: false });
    test.clock.moveTo(contest.claimEndsAt);
    for (const shown of await look()) expect(shown).toMatchObject({ status: 'pending', expired: true });
  });
});
