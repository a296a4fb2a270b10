import { PASSWORD, type ProblemBody, registerCustomer, registration, type SessionBody } from '../support/builders';
import { emailKey } from '../../libs/auth/src/users/email-key';
import { startDocumentedApp } from '../support/openapi-match';
import type { TestApp } from '../support/test-app';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const OPAQUE_TOKEN = /^[\w-]{43}$/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

describe('Registering', () => {
  let test: TestApp;

  beforeAll(async () => {
    test = await startDocumentedApp();
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const register = (overrides: Record<string, unknown> = {}, headers?: Record<string, string>) =>
    test.client.post<SessionBody & ProblemBody>('/v1/auth/register', registration(overrides), undefined, headers);

  async function userCount(): Promise<number> {
    const rows = await test.database.query<{ count: string }[]>('SELECT count(*) FROM users');
    return Number(rows[0]?.count);
  }

  it('answers the account as the contract writes it, and a pair of tokens', async () => {
    const before = test.clock.now();
    const { status, body, headers } = await register({ email: 'Camille.Martin@Example.fr' });
    expect(status).toBe(201);
    expect(body).toEqual({
      user: {
        id: expect.any(String) as string,
        email: 'Camille.Martin@Example.fr',
        firstName: 'Camille',
        lastName: 'Martin',
        birthDate: '1990-05-17',
        gender: null,
        role: 'customer',
        isActive: true,
        emailVerified: false,
        newsletter: false,
        language: 'fr',
        createdAt: expect.stringMatching(INSTANT) as string,
      },
      accessToken: expect.stringMatching(JWT) as string,
      refreshToken: expect.stringMatching(OPAQUE_TOKEN) as string,
      tokenType: 'Bearer',
      expiresIn: test.config.accessTokenTtlSeconds,
    });
    const createdAt = Date.parse(String(body.user.createdAt));
    expect(createdAt).toBeGreaterThanOrEqual(before.getTime());
    expect(createdAt).toBeLessThanOrEqual(test.clock.now().getTime());
    expect(headers.get('set-cookie')).toBeNull();
    const me = await test.client.get('/v1/users/me', body.accessToken);
    expect(me).toMatchObject({ status: 200, body: body.user });
  });

  it('takes gender, newsletter, names with accents and hyphens, and spaces around them away', async () => {
    const { status, body } = await register({
      firstName: '  Zoé-Anaïs ',
      lastName: 'D’Été Müller',
      gender: 'female',
      newsletter: true,
    });
    expect(status).toBe(201);
    expect(body.user).toMatchObject({
      firstName: 'Zoé-Anaïs',
      lastName: 'D’Été Müller',
      gender: 'female',
      newsletter: true,
    });
  });

  it('never gives a role that was asked for: the field is unknown', async () => {
    for (const field of ['role', 'isActive', 'emailVerified', 'id', 'passwordHash']) {
      const { status, body } = await register({ [field]: 'admin' });
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: field, message: 'champ inconnu' }] });
    }
  });

  it.each([
    ['in capitals', 'taken.one@example.fr', 'TAKEN.ONE@EXAMPLE.FR'],
    ['with a capital in the first part', 'Taken.Two@example.fr', 'taken.two@example.fr'],
    ['in full-width letters', 'taken.three@example.fr', 'ｔａｋｅｎ.three@example.fr'],
    ['with a combining accent', 'zoé.taken@example.fr', 'zoe\u0301.taken@example.fr'],
    ['with its domain in Punycode', 'taken@münchen.example', 'taken@xn--mnchen-3ya.example'],
    ['with its Unicode domain in capitals', 'taken.five@MÜNCHEN.example', 'taken.five@münchen.example'],
    ['with spaces around', 'taken.six@example.fr', '  taken.six@example.fr '],
  ])('knows a taken address again %s', async (_, first, second) => {
    expect((await register({ email: first })).status).toBe(201);
    const again = await register({ email: second });
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ status: 409, code: 'EMAIL_TAKEN', type: 'urn:tiptop:problem:EMAIL_TAKEN' });
    const login = await test.client.post('/v1/auth/login', { email: second, password: PASSWORD });
    expect(login.status).toBe(200);
  });

  it('makes keys that the database takes for lower case, whatever the letter', async () => {
    const letters = Array.from({ length: 0x1_f000 - 0xa1 }, (_, n) => String.fromCodePoint(n + 0xa1));
    const keys = letters.map((letter) => emailKey(`a${letter}b@example.fr`)).filter((key) => !/\p{Cs}/u.test(key));
    const other = await test.database.query<unknown[]>(
      'SELECT key FROM unnest($1::text[]) key WHERE key <> lower(key)',
      [keys],
    );
    expect(keys.length).toBeGreaterThan(100_000);
    expect(other).toEqual([]);
  });

  it('keeps addresses apart that some provider may treat differently', async () => {
    expect((await register({ email: 'apart@example.fr' })).status).toBe(201);
    expect((await register({ email: 'a.part@example.fr' })).status).toBe(201);
    expect((await register({ email: 'apart+thé@example.fr' })).status).toBe(201);
  });

  it.each([
    ['nine characters', 'Xk7#vQ9$z'],
    ['a dictionary word and a year', 'motdepasse2024'],
    ['the keyboard’s first row', 'azertyuiop12'],
    ['one character repeated', 'aaaaaaaaaaaaaaaa'],
    ['a common English password', 'password1234'],
    ['the person’s name', 'CamilleMartin1'],
    ['the name of the contest', 'thetiptop2026'],
    ['ten spaces', '          '],
  ])('refuses a weak password: %s', async (_, password) => {
    const { status, body } = await register({ password });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'WEAK_PASSWORD', errors: [{ path: 'password' }] });
    expect(JSON.stringify(body)).not.toContain(password);
  });

  it('refuses a password that is the e-mail address', async () => {
    const { body } = await register({ email: 'oolong.lover@example.fr', password: 'oolong.lover@example.fr' });
    expect(body.code).toBe('WEAK_PASSWORD');
  });

  it('tells a short password from a leaked and from a guessable one, and judges by guesses, not by kinds of characters', async () => {
    const short = await register({ password: 'Xk7#vQ9$z' });
    expect(short.body.errors).toEqual([{ path: 'password', message: 'doit avoir au moins dix caractères' }]);
    const leaked = await register({ password: 'Motdepasse1!' });
    expect(leaked.body.errors).toEqual([
      { path: 'password', message: 'figure dans des listes de mots de passe divulgués' },
    ]);
    const guessable = await register({ password: '17/05/1990 ' });
    expect(guessable.body.errors).toEqual([{ path: 'password', message: 'est trop facile à deviner' }]);
    expect((await register({ password: 'sept rooibos dansent lentement' })).status).toBe(201);
    expect((await register({ password: 'kvotzé piano '.repeat(9) + 'samovar' })).status).toBe(201);
    expect((await register({ password: 'long'.repeat(33) })).body).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ path: 'password', message: 'est trop long' }],
    });
  });

  it.each([
    ['on the eve of the birthday', '2026-06-14T12:00:00Z', '2008-06-15', 400],
    ['on the birthday', '2026-06-15T12:00:00Z', '2008-06-15', 201],
    ['a minute before midnight in Paris, summer time', '2026-06-14T21:59:00Z', '2008-06-15', 400],
    ['at midnight in Paris, still the eve in UTC', '2026-06-14T22:00:00Z', '2008-06-15', 201],
    ['a minute before midnight in Paris, winter time', '2026-12-14T22:59:00Z', '2008-12-15', 400],
    ['at midnight in Paris in winter', '2026-12-14T23:00:00Z', '2008-12-15', 201],
    ['born on 29 February, on the 28th of a common year', '2026-02-28T22:59:00Z', '2008-02-29', 400],
    ['born on 29 February, on 1 March of a common year', '2026-02-28T23:00:00Z', '2008-02-29', 201],
    ['not born yet', '2026-06-15T12:00:00Z', '2027-01-01', 400],
  ])('asks for 18 years: %s', async (_, now, birthDate, expected) => {
    test.clock.moveTo(new Date(now));
    const { status, body } = await register({ birthDate });
    expect(status).toBe(expected);
    if (expected === 400) {
      expect(body).toMatchObject({ code: 'UNDERAGE', detail: 'Le jeu est réservé aux personnes d’au moins 18 ans.' });
    }
  });

  it('asks for the acceptance of the terms', async () => {
    const without = { ...registration() };
    delete without.acceptTerms;
    for (const body of [registration({ acceptTerms: false }), without]) {
      const response = await test.client.post('/v1/auth/register', body);
      expect(response).toMatchObject({ status: 400, body: { code: 'TERMS_NOT_ACCEPTED' } });
    }
    for (const acceptTerms of ['true', 1, null]) {
      expect((await register({ acceptTerms })).body).toMatchObject({
        code: 'VALIDATION_FAILED',
        errors: [{ path: 'acceptTerms', message: 'doit être vrai ou faux' }],
      });
    }
  });

  it.each<[string, unknown, string]>([
    ['email', undefined, 'doit être une adresse e-mail'],
    ['email', 'camille', 'doit être une adresse e-mail'],
    ['email', 'camille@localhost', 'doit être une adresse e-mail'],
    ['email', 'Camille <camille@example.fr>', 'doit être une adresse e-mail'],
    ['email', '"a\nb"@example.fr', 'contient des caractères non permis'],
    ['email', 'cam\u202eille@example.fr', 'contient des caractères non permis'],
    [
      'email',
      `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example.fr`,
      'doit être une adresse e-mail',
    ],
    ['email', ['camille@example.fr'], 'doit être une adresse e-mail'],
    ['email', { $ne: null }, 'doit être une adresse e-mail'],
    ['password', undefined, 'doit être un texte'],
    ['password', 1_234_567_890, 'doit être un texte'],
    ['firstName', undefined, 'doit être un texte'],
    ['firstName', '', 'est trop court'],
    ['firstName', '   ', 'est trop court'],
    ['firstName', 'a'.repeat(101), 'est trop long'],
    ['firstName', 'Camille\u0000', 'contient des caractères non permis'],
    ['lastName', '<b>Martin</b>', 'contient des caractères non permis'],
    ['lastName', null, 'doit être un texte'],
    ['birthDate', undefined, 'doit être une date réelle, AAAA-MM-JJ'],
    ['birthDate', '1990-02-30', 'doit être une date réelle, AAAA-MM-JJ'],
    ['birthDate', '17/05/1990', 'doit être une date réelle, AAAA-MM-JJ'],
    ['birthDate', '1990-05-17T00:00:00Z', 'doit être une date réelle, AAAA-MM-JJ'],
    ['birthDate', '1899-12-31', 'doit être une date réelle, AAAA-MM-JJ'],
    ['newsletter', 'yes', 'doit être vrai ou faux'],
    ['newsletter', null, 'doit être vrai ou faux'],
    ['gender', 'unknown', 'n’est pas une des valeurs permises'],
    ['gender', null, 'n’est pas une des valeurs permises'],
  ])('names the field at fault: %s %j', async (field, value, message) => {
    const { status, body } = await register({ [field]: value });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: field, message }] });
    expect(body.errors).toHaveLength(1);
  });

  it('names all fields at fault at once', async () => {
    const { body } = await test.client.post<ProblemBody>('/v1/auth/register', {});
    expect(body.errors?.map(({ path }) => path).sort()).toEqual([
      'birthDate',
      'email',
      'firstName',
      'lastName',
      'password',
    ]);
  });

  it('changes nothing when it refuses', async () => {
    await register({ email: 'already@example.fr' });
    const before = await userCount();
    const consents = await test.database.query<unknown[]>('SELECT id FROM consents');
    await register({ email: 'ALREADY@example.fr', newsletter: true });
    await register({ password: 'short' });
    await register({ birthDate: '2020-01-01' });
    await register({ acceptTerms: false });
    await register({ surprise: true });
    expect(await userCount()).toBe(before);
    expect(await test.database.query<unknown[]>('SELECT id FROM consents')).toHaveLength(consents.length);
  });

  it.each([
    ['true', { newsletter: true }, [true]],
    ['false', { newsletter: false }, [false]],
    ['not mentioned', {}, []],
  ])('records the consents with version and time; newsletter %s', async (_, overrides, newsletter) => {
    test.clock.moveTo(new Date('2026-11-05T08:00:00Z'));
    const { user } = await registerCustomer(test, overrides);
    const rows = await test.database.query<{ kind: string; version: string; granted: boolean; given_at: Date }[]>(
      'SELECT kind, version, granted, given_at FROM consents WHERE user_id = $1 ORDER BY kind DESC',
      [user.id],
    );
    expect(rows.map(({ kind, granted }) => [kind, granted])).toEqual([
      ['terms', true],
      ...newsletter.map((granted) => ['newsletter', granted]),
    ]);
    for (const { version, given_at: at } of rows) {
      expect(version).toBe(test.config.termsVersion);
      expect(at.getTime()).toBeGreaterThanOrEqual(Date.parse('2026-11-05T08:00:00Z'));
      expect(at.getTime()).toBeLessThanOrEqual(test.clock.now().getTime());
    }
  });

  it('notes the device of the session, cut where it is overlong', async () => {
    const { body } = await register({}, { 'user-agent': `Tea/1.0 ${'x'.repeat(400)}` });
    const rows = await test.database.query<{ user_agent: string }[]>(
      'SELECT user_agent FROM sessions WHERE user_id = $1',
      [body.user.id],
    );
    expect(rows).toEqual([{ user_agent: `Tea/1.0 ${'x'.repeat(292)}` }]);
  });

  it('takes a body of 16 KiB to its fields, and refuses a larger one as too large', async () => {
    const send = (bytes: number) => {
      const empty = JSON.stringify({ firstName: '' });
      const body = JSON.stringify({ firstName: 'a'.repeat(bytes - empty.length) });
      return test.client.request<ProblemBody>('POST', '/v1/auth/register', { body });
    };
    expect((await send(16 * 1024)).body.code).toBe('VALIDATION_FAILED');
    expect(await send(16 * 1024 + 1)).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE', status: 413 } });
  });

  it.each([
    ['cut off', '{"email":"camille@example.fr"', 'n’est pas du JSON bien formé'],
    ['nothing', '', 'n’est pas du JSON bien formé'],
    ['with a prototype', '{"__proto__":{"role":"admin"}}', 'n’est pas du JSON bien formé'],
  ])('refuses malformed JSON: %s', async (_, body, message) => {
    const response = await test.client.request('POST', '/v1/auth/register', { body });
    expect(response).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ path: '', message }] },
    });
  });

  it.each(['null', '[]', '"text"', '7'])('refuses JSON that is no object: %s', async (body) => {
    const response = await test.client.request('POST', '/v1/auth/register', { body });
    expect(response).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])(
    'takes JSON and nothing else: %s',
    async (type) => {
      const body = new URLSearchParams(registration() as Record<string, string>).toString();
      const response = await test.client.request('POST', '/v1/auth/register', {
        body,
        headers: { 'content-type': type },
      });
      expect(response).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
    },
  );
});
