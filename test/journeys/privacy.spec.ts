import { type Contest, CounterFolding } from '@tiptop/game';
import {
  createContest,
  PASSWORD,
  registerCustomer,
  registration,
  type SessionBody,
  signInAs,
  unplayedCodes,
} from '../support/builders';
import { startDocumentedApp } from '../support/openapi-match';
import { play } from '../support/plays';
import { expectProblem } from '../support/problem';
import { addSignInData } from '../support/sign-in-data';
import type { TestApp } from '../support/test-app';

interface Ticket {
  code: string;
  status: string;
  history: { kind: string; reason: string | null; note: string | null }[];
  [key: string]: unknown;
}

interface MyData {
  account: Record<string, unknown>;
  consents: { kind: string; granted: boolean; version: string }[];
  identities: Record<string, unknown>[];
  sessions: Record<string, unknown>[];
  secondFactor: Record<string, unknown>;
  mailLinks: Record<string, unknown>[];
  letters: { kind: string; state: string }[];
  records: Record<'handOvers' | 'participations' | 'printRuns' | 'reminders', Record<string, unknown>[]> & {
    tickets: Ticket[];
  };
}

/**
 * Every column that says whose a row is, and where the person reads of it. A line that is missing here is a table that
 * nobody told of yet.
 */
const SHOWN_IN: Readonly<Record<string, keyof MyData | `records.${keyof MyData['records']}`>> = {
  'claim_events.actor_id': 'records.handOvers',
  'consents.user_id': 'consents',
  'identities.user_id': 'identities',
  'mail_tokens.user_id': 'mailLinks',
  'print_runs.requested_by': 'records.printRuns',
  'recovery_codes.user_id': 'secondFactor',
  'reminders.user_id': 'records.reminders',
  'second_factors.user_id': 'secondFactor',
  'sessions.user_id': 'sessions',
  // The hand-overs of a member of staff are counted from the record of them.
  'tickets.claimed_by': 'records.handOvers',
  'tickets.player_id': 'records.tickets',
};

describe('What is held about me', () => {
  let test: TestApp;
  let contest: Contest;

  beforeAll(async () => {
    test = await startDocumentedApp();
    contest = await createContest(test);
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const data = async (token: string) => test.client.get<MyData>('/v1/users/me/data', token);
  const erase = async (token: string) => test.client.request('DELETE', '/v1/users/me', { token });

  async function row(userId: string): Promise<Record<string, unknown>> {
    const [found = {}] = await test.database.query<Record<string, unknown>[]>(
      'SELECT *, birth_date::text AS birth_date FROM users WHERE id = $1',
      [userId],
    );
    return found;
  }

  it('is shown to me, whole and to nobody else', async () => {
    const { user, accessToken } = await registerCustomer(test, { newsletter: true, gender: 'female' });
    const employee = await signInAs(test, 'employee');
    const admin = await signInAs(test, 'admin');
    await addSignInData(test, user.id);
    const [code = '', other = ''] = await unplayedCodes(test, contest, 2);
    await play(test, code, { accessToken }, { 'idempotency-key': 'key-of-mine' });
    await play(test, other, await registerCustomer(test));
    const act = async (verb: string, body: object, by: SessionBody) =>
      test.client.post(`/v1/claims/${code}/${verb}`, body, by.accessToken);
    await act('refuse', { reason: 'OTHER', note: 'Sans carte, reviendra' }, employee);
    await act('validate', { identityChecked: true }, employee);
    await act('undo', { reason: 'Remis par erreur' }, admin);

    await test.app.get(CounterFolding).fold();

    const answer = await data(accessToken);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { account, consents, identities, sessions, secondFactor, mailLinks, letters, records } = answer.body;
    expect(account).toMatchObject({ ...user, hasPassword: true, gender: 'female', language: 'fr' });
    expect(consents).toMatchObject([
      { kind: 'terms', granted: true, version: test.config.termsVersion },
      { kind: 'newsletter', granted: true },
    ]);
    expect(identities).toMatchObject([{ provider: 'google', subject: `subject-${user.id}` }]);
    expect(sessions).toMatchObject([{ userAgent: 'node', endedAt: null }]);
    expect(secondFactor).toMatchObject({ enabled: true, recoveryCodesLeft: 1 });
    expect(mailLinks).toMatchObject([{ purpose: 'reset-password', usedAt: null }]);
    expect(letters).toContainEqual(expect.objectContaining({ kind: 'verify-email', state: 'waiting' }));
    expect(records.handOvers).toEqual([]);
    expect(records.participations).toMatchObject([{ gender: 'female', contest: contest.name }]);
    expect(records.tickets).toMatchObject([
      {
        code,
        status: 'pending',
        playKey: 'key-of-mine',
        prize: { name: expect.stringMatching(/\S/) as string },
        history: [
          { kind: 'refused', reason: 'OTHER', note: 'Sans carte, reviendra' },
          { kind: 'validated', reason: null },
          { kind: 'undone', reason: 'Remis par erreur' },
        ],
      },
    ]);
    const times = JSON.stringify(answer.body).match(/"\w+At":"[^"]+"/g) ?? [];
    expect(times.filter((time) => !/"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z"$/.test(time))).toEqual([]);
    // Who of the staff acted is about them.
    expect(JSON.stringify(answer.body)).not.toContain(employee.user.id);
    expectProblem(await test.client.get('/v1/users/me/data'), 401, 'UNAUTHENTICATED');
  });

  it('counts what I did as staff', async () => {
    const employee = await signInAs(test, 'employee');
    for (const code of await unplayedCodes(test, contest, 2)) {
      await play(test, code, await registerCustomer(test));
      await test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken);
    }
    const { records } = (await data(employee.accessToken)).body;
    expect(records).toMatchObject({ tickets: [], handOvers: [{ kind: 'validated', count: 2 }] });
  });

  it('holds no secret and no hash of one', async () => {
    const { user, accessToken, refreshToken } = await registerCustomer(test);
    await addSignInData(test, user.id);
    const text = JSON.stringify((await data(accessToken)).body);
    const { password_hash: hash } = await row(user.id);
    const hashes = await test.database.query<{ hash: Buffer }[]>(
      `SELECT hash FROM refresh_tokens UNION ALL SELECT hash FROM mail_tokens UNION ALL SELECT hash FROM recovery_codes
       UNION ALL SELECT sealed_secret FROM second_factors`,
    );
    expect(hashes.length).toBeGreaterThan(3);
    const secrets = hashes.flatMap(({ hash: bytes }) => [bytes.toString('hex'), bytes.toString('base64')]);
    for (const secret of [...secrets, String(hash), refreshToken, accessToken]) expect(text).not.toContain(secret);
    expect(text).not.toContain('argon2');
  });

  it('leaves out no table that hangs on an account', async () => {
    const columns = await test.database.query<{ name: string }[]>(
      `SELECT from_table.relname || '.' || a.attname AS name
       FROM pg_constraint c JOIN pg_class from_table ON from_table.oid = c.conrelid
         JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
       WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass ORDER BY 1`,
    );
    expect(columns.map(({ name }) => name)).toEqual(Object.keys(SHOWN_IN).sort());
  });

  describe('and erased at my word', () => {
    it('leaves an account without name, whose figures stay true', async () => {
      const before = await registerCustomer(test, { newsletter: true, gender: 'male', birthDate: '1985-07-31' });
      const { user, accessToken, refreshToken } = before;
      await addSignInData(test, user.id);
      test.clock.moveBy(60_000);
      const answer = await erase(accessToken);
      expect(answer).toMatchObject({ status: 204, body: '' });

      const nobody = `erased-${user.id}@erased.invalid`;
      expect(await row(user.id)).toMatchObject({
        email: nobody,
        email_key: nobody,
        first_name: '—',
        last_name: '—',
        search_text: '',
        birth_date: '1985-01-01',
        gender: 'male',
        role: 'customer',
        password_hash: null,
        email_verified_at: null,
        newsletter: false,
        is_active: false,
        created_at: new Date(String(user['createdAt'])),
        erased_at: expect.any(Date) as Date,
      });
      const left = await test.database.query<object[]>(
        `SELECT (SELECT count(*)::int FROM identities WHERE user_id = $1) AS identities,
           (SELECT count(*)::int FROM mail_tokens WHERE user_id = $1) AS "mailTokens",
           (SELECT count(*)::int FROM second_factors WHERE user_id = $1) AS "secondFactors",
           (SELECT count(*)::int FROM recovery_codes WHERE user_id = $1) AS "recoveryCodes",
           (SELECT count(*)::int FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1))
             AS "refreshTokens"`,
        [user.id],
      );
      expect(left).toEqual([{ identities: 0, mailTokens: 0, secondFactors: 0, recoveryCodes: 0, refreshTokens: 0 }]);
      expect(
        await test.database.query('SELECT revoked_because, user_agent, device FROM sessions WHERE user_id = $1', [
          user.id,
        ]),
      ).toEqual([{ revoked_because: 'erased', user_agent: null, device: null }]);
      expect(
        await test.database.query(
          'SELECT kind, granted FROM consents WHERE user_id = $1 ORDER BY given_at, kind DESC, granted DESC',
          [user.id],
        ),
      ).toEqual([
        { kind: 'terms', granted: true },
        { kind: 'newsletter', granted: true },
        { kind: 'newsletter', granted: false },
      ]);

      expectProblem(await data(accessToken), 401, 'UNAUTHENTICATED');
      expectProblem(await erase(accessToken), 401, 'UNAUTHENTICATED');
      expectProblem(await test.client.post('/v1/auth/refresh', { refreshToken }), 401, 'INVALID_REFRESH_TOKEN');
      const login = await test.client.post('/v1/auth/login', { email: user.email, password: PASSWORD });
      expectProblem(login, 401, 'INVALID_CREDENTIALS');
      const asNobody = await test.client.post('/v1/auth/login', { email: nobody, password: PASSWORD });
      expectProblem(asNobody, 401, 'INVALID_CREDENTIALS');
    });

    it('records no withdrawal where nothing had been agreed to', async () => {
      const { user, accessToken } = await registerCustomer(test);
      await erase(accessToken);
      expect(await test.database.query('SELECT kind FROM consents WHERE user_id = $1', [user.id])).toEqual([
        { kind: 'terms' },
      ]);
    });

    it('keeps how an earlier session had ended', async () => {
      const { user, accessToken, refreshToken } = await registerCustomer(test);
      const again = await test.client.post<SessionBody>('/v1/auth/login', { email: user.email, password: PASSWORD });
      await test.client.post('/v1/auth/logout', { refreshToken });
      expectProblem(await erase(accessToken), 401, 'UNAUTHENTICATED');
      expect((await erase(again.body.accessToken)).status).toBe(204);
      expect(
        await test.database.query('SELECT revoked_because FROM sessions WHERE user_id = $1 ORDER BY created_at', [
          user.id,
        ]),
      ).toEqual([{ revoked_because: 'logout' }, { revoked_because: 'erased' }]);
    });

    it('frees the e-mail address for a new person, who gets nothing of the old one', async () => {
      const person = registration();
      const first = await registerCustomer(test, person);
      const [code = ''] = await unplayedCodes(test, contest, 1);
      await play(test, code, first);
      await erase(first.accessToken);
      const second = await registerCustomer(test, person);
      expect(second.user.id).not.toBe(first.user.id);
      expect((await data(second.accessToken)).body.records.tickets).toEqual([]);
    });

    it('takes back who was on their way from a provider', async () => {
      const { user, accessToken } = await registerCustomer(test);
      await addSignInData(test, user.id);
      const add = async (seed: string, subject: string, email: string | null) =>
        test.database.query<unknown>(
          `INSERT INTO sign_in_codes (hash, provider, subject, profile, expires_at)
           VALUES (sha256($1::bytea), 'google', $2, $3, now() + interval '1 hour')`,
          [seed, subject, { subject, email }],
        );
      await add(`a${user.id}`, `subject-${user.id}`, null);
      await add(`b${user.id}`, 'another', user.email.toUpperCase());
      await add(`c${user.id}`, 'a stranger', 'stranger@example.fr');
      await erase(accessToken);
      expect(await test.database.query('SELECT subject FROM sign_in_codes')).toEqual([{ subject: 'a stranger' }]);
    });

    it('keeps what a member of staff handed over, by somebody without a name', async () => {
      const employee = await signInAs(test, 'employee', { firstName: 'Barnabé', lastName: 'Quintrec' });
      const admin = await signInAs(test, 'admin');
      const [code = ''] = await unplayedCodes(test, contest, 1);
      await play(test, code, await registerCustomer(test));
      await test.client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken);
      expect((await erase(employee.accessToken)).status).toBe(204);
      const nobody = { id: employee.user.id, firstName: '—', lastName: '—' };
      const { body } = await test.client.get(`/v1/claims/${code}`, admin.accessToken);
      expect(body).toMatchObject({
        ticket: { status: 'claimed', claimedBy: nobody },
        history: [{ kind: 'played' }, { kind: 'validated', actor: nobody }],
      });
    });

    it('is refused to the last administrator, and changes nothing then', async () => {
      const admins = await test.database.query<{ id: string }[]>(
        `SELECT id FROM users WHERE role = 'admin' AND is_active`,
      );
      const last = await signInAs(test, 'admin');
      await test.database.query('UPDATE users SET is_active = false WHERE id = ANY($1)', [admins.map(({ id }) => id)]);
      await addSignInData(test, last.user.id);
      const before = await row(last.user.id);
      expectProblem(await erase(last.accessToken), 409, 'LAST_ADMIN');
      expect(await row(last.user.id)).toEqual(before);
      expect((await data(last.accessToken)).body.identities).toHaveLength(1);
      const next = await signInAs(test, 'admin');
      expect((await erase(last.accessToken)).status).toBe(204);
      expectProblem(await erase(next.accessToken), 409, 'LAST_ADMIN');
    });
  });
});
