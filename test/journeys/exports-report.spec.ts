import { type Contest, CounterFolding, type StatementReader } from '@tiptop/game';
import { ExportSession } from '../../libs/admin/src/exports/export-session';
import { ReportReader } from '../../libs/admin/src/exports/report/report-reader';
import { createContest, registerCustomer, type SessionBody, signInAs, unplayedCodes } from '../support/builders';
import { moveTo } from '../support/clock-moves';
import { exportsUnderWay } from '../support/downloads';
import { download, readXlsx, type XlsxCell } from '../support/export-files';
import { play } from '../support/plays';
import { expectProblem } from '../support/problem';
import { statistics, timeline } from '../support/statistics';
import { startTestApp, type TestApp } from '../support/test-app';
import { until } from '../support/waiting';

const SHEETS = ['Summary', 'Funnel', 'Prizes', 'By day', 'By hour', 'By gender', 'By age', 'Stores'];
const HOUR_MS = 3_600_000;
/** An instant, or the time on a wall, as a cell holds it. */
const serial = (time: string | Date): number => new Date(time).getTime() / (24 * HOUR_MS) + 25_569;
const sumOf = (rows: readonly (string | number)[][], column: number): number =>
  rows.reduce((sum, row) => sum + Number(row[column]), 0);

describe('The report', () => {
  let test: TestApp;
  let admin: SessionBody;
  let employee: SessionBody;
  let contest: Contest;
  // The clocks go back in Paris within it, at 01:00 UTC on 31 October.
  const startsAt = new Date('2027-10-20T09:00:00Z');

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
    employee = await signInAs(test, 'employee');
    contest = await createContest(test, { tickets: 200, startsAt });
    [admin, employee] = (await moveTo(test, startsAt, HOUR_MS, admin, employee)) as [SessionBody, SessionBody];
    const [nice, lyon] = (
      await test.database.query<{ id: string }[]>(
        `INSERT INTO stores (name, city, is_active, created_at) VALUES ('=Nice', 'Nice', true, now()),
           ('Presqu''île', 'Lyon', false, now()), ('Vieux-Port', 'Marseille', true, now()) RETURNING id`,
      )
    ).map(({ id }) => id);
    const people = [
      { gender: 'female', birthDate: '2009-10-20' },
      // 24 when they play, and 25 before the year is over.
      { gender: 'female', birthDate: '2002-12-31' },
      { gender: 'male', birthDate: '1960-02-29' },
      { birthDate: '1990-05-17' },
      { birthDate: '1950-01-01' },
      // Nobody stated a birth date: an account that an operator made.
      { birthDate: '1900-01-01' },
    ];
    const players: SessionBody[] = [];
    for (const person of people) players.push(await registerCustomer(test, person));
    const codes = await unplayedCodes(test, contest, 14);
    const fold = (): Promise<number> => test.app.get(CounterFolding).fold();
    let next = 0;
    const playAt = async (instant: string, count: number): Promise<void> => {
      const sessions = await moveTo(test, new Date(instant), 0, ...players);
      for (let turn = 0; turn < count; turn++, next++) {
        expect((await play(test, codes[next], sessions[next % sessions.length]!)).status).toBe(200);
      }
    };
    await playAt('2027-10-20T10:30:00Z', 1);
    await playAt('2027-10-27T08:00:00Z', 5);
    await fold();
    // 02:30 in Paris, and 02:30 again.
    await playAt('2027-10-31T00:30:00Z', 3);
    await playAt('2027-10-31T01:30:00Z', 4);
    const [staff, boss] = await moveTo(test, new Date('2027-11-02T09:10:00Z'), 0, employee, admin);
    const validate = async (code: string | undefined, storeId?: string): Promise<void> => {
      const body = { identityChecked: true, ...(storeId === undefined ? {} : { storeId }) };
      const answer = await test.client.post(`/v1/claims/${code ?? ''}/validate`, body, staff!.accessToken);
      expect(answer.status).toBe(200);
    };
    await test.database.query('UPDATE stores SET is_active = true WHERE id = $1', [lyon]);
    await validate(codes[0], nice);
    await validate(codes[1], nice);
    await validate(codes[2], lyon);
    await validate(codes[3]);
    await fold();
    const undone = await test.client.post(`/v1/claims/${codes[1] ?? ''}/undo`, { reason: 'Erreur' }, boss!.accessToken);
    expect(undone.status).toBe(200);
    await test.database.query('UPDATE stores SET is_active = false WHERE id = $1', [lyon]);
    // Somebody goes, somebody is told anew, and somebody comes who does not play.
    const [leaving, other] = await moveTo(test, new Date('2027-11-03T09:00:00Z'), 0, players[2]!, players[3]!);
    const patched = await test.client.request('PATCH', '/v1/users/me', {
      token: other!.accessToken,
      body: { gender: 'male' },
    });
    expect(patched.status).toBe(200);
    const gone = await test.client.request('DELETE', '/v1/users/me', { token: leaving!.accessToken });
    expect(gone.status).toBe(204);
    await registerCustomer(test);
    [admin] = (await moveTo(test, new Date('2027-11-03T10:00:00Z'), 0, admin)) as [SessionBody];
  });
  afterAll(async () => {
    await test.stop();
  });

  /** Rows of each sheet below its heading, their numbers as numbers. */
  async function report(
    asking = admin,
    language = 'en',
  ): Promise<Map<string, { heading: string[]; rows: (string | number)[][] }>> {
    const { status, bytes } = await download(
      test.client,
      `/v1/admin/exports/report?contestId=${contest.id}`,
      asking.accessToken,
      {
        'accept-language': language,
      },
    );
    expect(status).toBe(200);
    const valueOf = ({ type, value }: XlsxCell): string | number => (type === 'n' ? Number(value) : value);
    return new Map(
      readXlsx(bytes).sheets.map(({ name, rows }) => {
        const [heading = [], ...rest] = rows.map((row) => [...row.values()].map(valueOf));
        return [name, { heading: heading.map(String), rows: rest }];
      }),
    );
  }

  it('tells the figures of /stats and /stats/timeline, each on its sheet', async () => {
    const told = await report();
    const rows = (name: string): (string | number)[][] => told.get(name)!.rows;
    const stats = await statistics(test, admin);
    expect([...told.keys()]).toEqual(SHEETS);
    // What the numbers are about: nothing here is nought by chance.
    expect(stats).toMatchObject({
      tickets: { total: 200, unclaimed: 187, pending: 10, claimed: 3 },
      participants: 6,
      participations: { total: 13, today: 0 },
      demographics: {
        gender: { female: 2, male: 1, other: 0, unknown: 3 },
        age: { '18-24': 2, '25-34': 0, '35-44': 1, '65+': 2, unknown: 1 },
      },
    });

    const { tickets, participations, conversion, funnel, demographics } = stats;
    expect(rows('Summary')).toHaveLength(1);
    expect(rows('Summary')[0]?.slice(2)).toEqual([
      ...[startsAt, contest.endsAt, contest.claimEndsAt].map(
        (at, place) =>
          // Summer time at the start, winter time at the ends.
          expect.closeTo(serial(at) + (place === 0 ? 2 : 1) / 24, 8) as number,
      ),
      ...[tickets.total, tickets.unclaimed, tickets.pending, tickets.claimed],
      ...[stats.participants, participations.total, participations.today],
      ...[conversion.playedRate, conversion.claimedRate],
    ]);
    expect(rows('Funnel')).toEqual([
      ['Printed', funnel.printed],
      ['Played', funnel.played],
      ['Claimed', funnel.claimed],
      ['Expired', funnel.expired],
    ]);
    const terms = await test.database.query<{ value: string; currency: string }[]>(
      'SELECT value_cents / 100.0 AS value, currency FROM prizes WHERE contest_id = $1 ORDER BY ordinal',
      [contest.id],
    );
    expect(rows('Prizes')).toEqual(
      stats.prizes.map(({ name, share, total, won, pending, claimed, remaining }, place) => {
        const { value, currency } = terms[place]!;
        return [
          name,
          Number(value),
          currency,
          share,
          total,
          won,
          won / participations.total,
          pending,
          claimed,
          remaining,
        ];
      }),
    );
    const { female, male, other, unknown } = demographics.gender;
    expect(rows('By gender')).toEqual([
      ['female', female],
      ['male', male],
      ['other', other],
      ['not stated', unknown],
    ]);
    expect(rows('By age')).toEqual(
      Object.entries(demographics.age).map(([band, people]) => [band === 'unknown' ? 'not stated' : band, people]),
    );
    expect(rows('Stores')).toEqual([
      ['=Nice', 'Nice', 1],
      ["Presqu'île", 'Lyon', 1],
      ['Vieux-Port', 'Marseille', 0],
    ]);
    expect(stats.stores).toEqual(
      rows('Stores').map(([name, , claimed]) => ({ id: expect.any(String) as string, name, claimed })),
    );

    const span = { contestId: contest.id, from: startsAt.toISOString(), to: contest.claimEndsAt.toISOString() };
    const days = await timeline(test, admin, { ...span, interval: 'day' });
    expect(rows('By day')).toEqual(
      days.map(({ at, participations: plays, claims, registrations }) => {
        // Midnight in Paris is two hours before that of UTC, or one.
        const day = Math.ceil(serial(at));
        return [day, plays, claims, registrations];
      }),
    );
    expect(days).toHaveLength(61);
    const hours = await timeline(test, admin, { ...span, interval: 'hour' });
    expect(rows('By hour').map(([, ...rest]) => rest)).toEqual(
      hours.map(({ at, participations: plays, claims, registrations }) => [
        expect.closeTo(serial(at), 8) as number,
        plays,
        claims,
        registrations,
      ]),
    );
    expect(hours).toHaveLength(60 * 24);
    for (const name of ['By day', 'By hour']) {
      const first = name === 'By day' ? 1 : 2;
      expect([0, 1, 2].map((n) => sumOf(rows(name), first + n))).toEqual([13, 3, 7]);
    }
  });

  it('tells the hour that comes twice in autumn apart', async () => {
    const hours = (await report()).get('By hour')!;
    expect(hours.heading.slice(0, 2)).toEqual(['Hour (Europe/Paris)', 'Hour (UTC)']);
    const night = hours.rows.filter(([local]) => Math.abs(Number(local) - serial('2027-10-31T02:00:00Z')) < 1e-6);
    expect(night).toEqual([
      [expect.any(Number), expect.closeTo(serial('2027-10-31T00:00:00Z'), 8), 3, 0, 0],
      [expect.any(Number), expect.closeTo(serial('2027-10-31T01:00:00Z'), 8), 4, 0, 0],
    ]);
    expect(new Set(hours.rows.map(([, utc]) => utc)).size).toBe(hours.rows.length);
  });

  it('is headed in French unless English is asked for', async () => {
    const told = await report(admin, 'fr');
    expect([...told.keys()]).toEqual([
      ...['Synthèse', 'Entonnoir', 'Lots', 'Par jour', 'Par heure', 'Par genre', 'Par âge', 'Magasins'],
    ]);
    expect(told.get('Par heure')?.heading).toEqual([
      ...['Heure (Europe/Paris)', 'Heure (UTC)', 'Participations', 'Remises', 'Inscriptions'],
    ]);
    expect(told.get('Par genre')?.rows.map(([name]) => name)).toEqual(['femmes', 'hommes', 'autres', 'non précisé']);
  });

  it('is of one moment, whatever is played meanwhile', async () => {
    const other = await createContest(test, { tickets: 20, startsAt: test.clock.now() });
    const player = await registerCustomer(test);
    const codes = await unplayedCodes(test, other, 9);
    await play(test, codes.pop(), player);
    const session = await ExportSession.open(test.config.databaseUrl!, test.database);
    try {
      await play(test, codes.pop(), player);
      let asked = 0;
      const interrupted: StatementReader = {
        query: async (sql, parameters) => {
          asked++;
          const answer = await session.query(sql, parameters);
          expect((await play(test, codes.pop(), player)).status).toBe(200);
          // Summed up or not must make no difference either.
          if (asked === 2) await test.app.get(CounterFolding).fold();
          return answer as never;
        },
      };
      const { statistics: stats, timeline: points } = await test.app.get(ReportReader).read(other.id, interrupted);
      expect(asked).toBeGreaterThan(2);
      expect(stats.participations.total).toBe(1);
      for (const unit of ['day', 'hour'] as const) {
        expect(points[unit].reduce((sum, { participations }) => sum + participations, 0)).toBe(1);
      }
    } finally {
      await session.close();
    }
  });

  it('does not read the tickets, however many there are', async () => {
    const runner = test.database.createQueryRunner();
    await runner.startTransaction();
    try {
      await runner.query('LOCK TABLE tickets IN ACCESS EXCLUSIVE MODE');
      const facts = ExportSession.open(test.config.databaseUrl!, test.database).then(async (session) => {
        try {
          return await test.app.get(ReportReader).read(contest.id, session);
        } finally {
          await session.close();
        }
      });
      expect((await facts).statistics.participations.total).toBe(13);
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  });

  it('holds what happened outside of the contest’s dates, were they changed', async () => {
    // On 3 November, and not summed up yet.
    const late = await registerCustomer(test);
    const [code] = await unplayedCodes(test, contest, 1);
    expect((await play(test, code, late)).status).toBe(200);
    await test.database.query(
      `UPDATE contests SET starts_at = '2027-10-31T01:00:00Z', ends_at = '2027-11-01T00:00:00Z',
         claim_ends_at = '2027-11-01T00:00:00Z' WHERE id = $1`,
      [contest.id],
    );
    const told = await report();
    const [byDay, byHour] = [told.get('By day')!.rows, told.get('By hour')!.rows];
    expect([sumOf(byDay, 1), sumOf(byDay, 2)]).toEqual([14, 3]);
    expect([sumOf(byHour, 2), sumOf(byHour, 3)]).toEqual([14, 3]);
    expect(byHour[0]![1]).toBeCloseTo(serial('2027-10-20T10:00:00Z'), 8);
    expect(byHour.at(-1)![1]).toBeCloseTo(serial('2027-11-03T10:00:00Z'), 8);
  });

  it('tells of a contest that nobody has played yet, without dividing by nothing', async () => {
    const other = await startTestApp();
    try {
      await createContest(other, { tickets: 0, startsAt: new Date(Date.now() + 1e9) });
      const boss = await signInAs(other, 'admin');
      const { bytes } = await download(other.client, '/v1/admin/exports/report', boss.accessToken, {
        'accept-language': 'en',
      });
      const [summary] = readXlsx(bytes).sheets;
      expect([...summary!.rows[1]!.values()].slice(5).map(({ value }) => value)).toEqual(Array(9).fill('0'));
    } finally {
      await other.stop();
    }
  });

  it('is refused, and leaves no connection, of a contest that does not exist', async () => {
    const answer = await test.client.get(`/v1/admin/exports/report?contestId=${admin.user.id}`, admin.accessToken);
    expectProblem(answer, 404, 'CONTEST_NOT_FOUND');
    await until('no export is left', async () => (await exportsUnderWay(test)) === 0);
  });
});
