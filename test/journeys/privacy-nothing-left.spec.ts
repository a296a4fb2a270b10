import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Contest } from '@tiptop/game';
import { Tiptop } from '../cli/tiptop';
import {
  createContest,
  PASSWORD,
  registerCustomer,
  registration,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { play } from '../support/plays';
import { expectProblem } from '../support/problem';
import { addSignInData } from '../support/sign-in-data';
import { TEST_MAIL } from '../support/mail-folder';
import { startTestApp, type TestApp } from '../support/test-app';
import { filesWithTraces, needlesOf, tablesWithTraces, tracesIn } from '../support/traces';
import { until } from '../support/waiting';

const PERSON = {
  email: 'Z.Quatrefages@Perlimpinpin.example',
  firstName: 'Zébulonette',
  lastName: 'Quatrefages-Wïnston',
};
const NEEDLES = needlesOf(PERSON.email, 'perlimpinpin', PERSON.firstName, PERSON.lastName, 'Quatrefages');

describe('After a person with every kind of data is erased', () => {
  let test: TestApp;
  let contest: Contest;
  let person: SessionBody;
  let employee: SessionBody;
  let admin: SessionBody;
  let totals: unknown;

  beforeAll(async () => {
    test = await startTestApp({ config: { mail: TEST_MAIL }, logLevel: 'debug' });
    contest = await createContest(test);
    employee = await signInAs(test, 'employee');
    admin = await signInAs(test, 'admin');
    // Somebody else, who stays.
    const other = await registerCustomer(test, { newsletter: true });
    const [first = ''] = await unplayedCodes(test, contest, 1);
    await play(test, first, other);
    person = await live();
    await leftLetters(4);
    expect(await tablesWithTraces(test, NEEDLES)).toEqual([
      'public.claim_events',
      'public.identities',
      'public.sessions',
      'public.sign_in_codes',
      'public.tickets',
      'public.users',
    ]);
    expect(filesWithTraces(test.config.dataDir, NEEDLES).length).toBeGreaterThanOrEqual(4);
    totals = await figures();
    const erased = await test.client.request('DELETE', '/v1/users/me', { token: person.accessToken });
    expect(erased.status).toBe(204);
  });
  afterAll(async () => {
    await test.stop();
  });

  const act = async (code: string, verb: string, body: object, by: SessionBody): Promise<void> => {
    const { status } = await test.client.post(`/v1/claims/${code}/${verb}`, body, by.accessToken);
    expect(status).toBeLessThan(300);
  };

  /** Does all that somebody can do, and has all done to them that staff can do; everybody writes the name wherever they can. */
  async function live(): Promise<SessionBody> {
    const { body } = await test.client.post<SessionBody>(
      '/v1/auth/register',
      registration({ ...PERSON, newsletter: true, gender: 'female' }),
      undefined,
      { 'user-agent': 'Mozilla/5.0 (iPhone of Zebulonette Quatrefages) Safari/604.1' },
    );
    const { id } = body.user;
    await test.database.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [id]);
    await addSignInData(test, id);
    await test.database.query(`INSERT INTO identities VALUES ('facebook', 'z.quatrefages', $1, now(), now())`, [id]);
    await test.database.query(
      `INSERT INTO sign_in_codes (hash, provider, subject, profile, expires_at)
       VALUES (sha256('a code'), 'facebook', 'z.quatrefages', $1, now() + interval '1 hour')`,
      [{ subject: 'z.quatrefages', ...PERSON, emailVerified: true }],
    );
    await test.client.post('/v1/auth/password/forgot', { email: PERSON.email });
    expectProblem(await test.client.post('/v1/auth/register', registration(PERSON)), 409, 'EMAIL_TAKEN');
    expectProblem(
      await test.client.post('/v1/auth/login', { email: PERSON.email, password: 'not-hers-at-all' }),
      401,
      'INVALID_CREDENTIALS',
    );
    const [pending = '', claimed = '', undone = '', refused = ''] = await unplayedCodes(test, contest, 4);
    for (const code of [pending, claimed, undone, refused]) {
      await play(test, code, body, { 'idempotency-key': `${PERSON.email}-${code}` });
    }
    await act(claimed, 'validate', { identityChecked: true }, employee);
    await act(undone, 'validate', { identityChecked: true }, employee);
    await act(undone, 'undo', { reason: `Remis à la sœur de ${PERSON.firstName} ${PERSON.lastName}` }, admin);
    await act(refused, 'refuse', { reason: 'OTHER', note: `${PERSON.email} est sans carte` }, employee);
    await act(refused, 'refuse', { reason: 'ID_MISMATCH', note: `Pas Zebulonette QUATREFAGES` }, employee);
    expect((await test.client.get(`/v1/claims?search=quatrefages`, employee.accessToken)).status).toBe(200);
    return body;
  }

  /** Waits until so many letters to the person stand in files. */
  async function leftLetters(count: number): Promise<void> {
    const folder = join(test.config.dataDir, 'mail', person.user.id);
    await until(
      `${count} letters are written`,
      () => existsSync(folder) && readdirSync(folder).filter((name) => name.endsWith('.eml')).length >= count,
    );
  }

  async function figures(): Promise<unknown> {
    return test.database.query(
      `SELECT
         (SELECT json_object_agg(status, n) FROM (SELECT status, count(*) n FROM tickets GROUP BY 1 ORDER BY 1) x) AS tickets,
         (SELECT json_object_agg(prize_id, n) FROM (SELECT prize_id, count(*) n FROM tickets WHERE prize_id IS NOT NULL
            GROUP BY 1 ORDER BY 1) x) AS prizes,
         (SELECT count(DISTINCT player_id) FROM tickets) AS participants,
         (SELECT json_object_agg(kind, n) FROM (SELECT kind, count(*) n FROM claim_events GROUP BY 1 ORDER BY 1) x) AS acts,
         (SELECT json_object_agg(role, n) FROM (SELECT role, count(*) n FROM users GROUP BY 1 ORDER BY 1) x) AS users,
         (SELECT json_object_agg(coalesce(gender, '-'), n) FROM (SELECT gender, count(*) n FROM users GROUP BY 1 ORDER BY 1) x)
           AS genders,
         (SELECT json_object_agg(y, n) FROM (SELECT extract(year FROM birth_date) y, count(*) n FROM users GROUP BY 1
            ORDER BY 1) x) AS births,
         (SELECT json_agg(json_build_array(id, kind, version, granted) ORDER BY id) FROM consents
            WHERE granted) AS consents,
         (SELECT count(*) FROM sessions) AS sessions`,
    );
  }

  it('no row of any table in any schema holds their e-mail address or their name', async () => {
    expect(await tablesWithTraces(test, NEEDLES)).toEqual([]);
  });

  it('no letter to them is left, nor any file that names them', () => {
    expect(existsSync(join(test.config.dataDir, 'mail', person.user.id))).toBe(false);
    expect(filesWithTraces(test.config.dataDir, NEEDLES)).toEqual([]);
  });

  it('no line of the log names them', () => {
    const lines = test.logLines().map((line) => JSON.stringify(line));
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter((line) => tracesIn(line, NEEDLES).length > 0)).toEqual([]);
  });

  it('no line of the database server’s own log names them', async () => {
    const [row] = await test.database.query<{ dir: string }[]>(`SELECT current_setting('data_directory') AS dir`);
    const log = readFileSync(join(dirname(row?.dir ?? ''), 'postgres.log'), 'utf8');
    // The second registration with their address was refused by it.
    expect(log).toContain('users_email_key_key');
    expect(log.split('\n').filter((line) => tracesIn(line, NEEDLES).length > 0)).toEqual([]);
  });

  it('no export names them', async () => {
    const tiptop = await Tiptop.build();
    const { databaseUrl: DATABASE_URL = '' } = test.config;
    const { exitCode, stdout: exported } = await tiptop
      .with({ DATABASE_URL })
      .run(['tickets', 'export', '--contest', contest.slug]);
    await tiptop.remove();
    expect(exitCode).toBe(0);
    expect(exported.split('\n').length).toBeGreaterThan(100);
    expect(tracesIn(exported, NEEDLES)).toEqual([]);
  });

  it('staff find nobody by their name, and the tickets are nobody’s', async () => {
    for (const search of ['quatrefages', PERSON.email]) {
      const query = `/v1/claims?status=pending&search=${encodeURIComponent(search)}`;
      expect((await test.client.get(query, employee.accessToken)).body).toMatchObject({ items: [] });
    }
    const { body } = await test.client.get<{ items: { player: object }[] }>('/v1/claims', employee.accessToken);
    expect(body.items.filter(({ player }) => JSON.stringify(player).includes('—'))).toHaveLength(3);
  });

  it('the figures of the contest are what they were', async () => {
    expect(await figures()).toEqual(totals);
    const withdrawn = await test.database.query<object[]>(
      'SELECT kind FROM consents WHERE NOT granted AND user_id = $1',
      [person.user.id],
    );
    expect(withdrawn).toEqual([{ kind: 'newsletter' }]);
  });

  it('letters that waited for them are dropped, and a new person with their address starts from nothing', async () => {
    const again = await registerCustomer(test, { ...PERSON, password: PASSWORD });
    const { body } = await test.client.get<{ items: unknown[] }>('/v1/users/me/tickets', again.accessToken);
    expect(body.items).toEqual([]);
    await test.client.request('DELETE', '/v1/users/me', { token: again.accessToken });
    await until('the letters are dropped', async () => {
      const waiting = await test.database.query<unknown[]>(
        `SELECT 1 FROM letters WHERE user_id = $1 AND state IN ('created', 'retry', 'active')`,
        [again.user.id],
      );
      return waiting.length === 0;
    });
    expect(await tablesWithTraces(test, NEEDLES)).toEqual([]);
    expect(filesWithTraces(test.config.dataDir, NEEDLES)).toEqual([]);
  });
});
