import { PASSWORD, type ProblemBody, registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { startDocumentedApp } from '../support/openapi-match';
import type { TestApp } from '../support/test-app';

type Me = SessionBody['user'] & ProblemBody;

describe('My profile', () => {
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

  const get = (token?: string) => test.client.get<Me>('/v1/users/me', token);
  const patch = (body: unknown, token?: string) => test.client.request<Me>('PATCH', '/v1/users/me', { body, token });

  async function column(userId: string, name: string): Promise<unknown> {
    const [row] = await test.database.query<Record<string, unknown>[]>(`SELECT ${name} FROM users WHERE id = $1`, [
      userId,
    ]);
    return row?.[name];
  }

  const newsletterHistory = async (userId: string) =>
    test.database.query<{ granted: boolean; version: string; given_at: Date }[]>(
      `SELECT granted, version, given_at FROM consents WHERE user_id = $1 AND kind = 'newsletter' ORDER BY given_at`,
      [userId],
    );

  it('is shown to its owner, whatever the role, and to nobody else', async () => {
    for (const role of ['customer', 'employee', 'admin'] as const) {
      const { user, accessToken } = await signInAs(test, role);
      expect(await get(accessToken)).toMatchObject({ status: 200, body: { ...user, role, emailVerified: true } });
    }
    expect(await get()).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    expect(await patch({ firstName: 'Eve' })).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  });

  it('changes what is sent and leaves the rest', async () => {
    const { user, accessToken } = await registerCustomer(test, { gender: 'male' });
    const changes = { firstName: ' Hélène ', birthDate: '1991-02-28' };
    const { status, body } = await patch(changes, accessToken);
    expect(status).toBe(200);
    expect(body).toEqual({ ...user, firstName: 'Hélène', birthDate: '1991-02-28' });
    expect((await get(accessToken)).body).toEqual(body);
    expect((await patch({}, accessToken)).body).toEqual(body);
  });

  it('takes null for the gender alone', async () => {
    const { user, accessToken } = await registerCustomer(test, { gender: 'female' });
    expect((await patch({ gender: null }, accessToken)).body).toEqual({ ...user, gender: null });
    for (const field of ['firstName', 'lastName', 'birthDate', 'newsletter']) {
      expect(await patch({ [field]: null }, accessToken)).toMatchObject({
        status: 400,
        body: { code: 'VALIDATION_FAILED', errors: [{ path: field }] },
      });
    }
    expect((await get(accessToken)).body).toEqual({ ...user, gender: null });
  });

  it.each<[string, unknown]>([
    ['email', 'other@example.fr'],
    ['role', 'admin'],
    ['isActive', false],
    ['emailVerified', true],
    ['password', PASSWORD],
    ['id', '00000000-0000-0000-0000-000000000000'],
    ['createdAt', '2020-01-01T00:00:00Z'],
    ['searchText', 'x'],
  ])('does not let its owner change %s', async (field, value) => {
    const { user, accessToken } = await registerCustomer(test);
    expect(await patch({ [field]: value, firstName: 'Changed' }, accessToken)).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ path: field, message: 'champ inconnu' }] },
    });
    expect((await get(accessToken)).body).toEqual(user);
  });

  it.each<[string, unknown]>([
    ['firstName', ''],
    ['firstName', '<script>'],
    ['lastName', 'x'.repeat(101)],
    ['birthDate', '1990-13-01'],
    ['gender', 'none'],
    ['newsletter', 'true'],
  ])('refuses a bad value: %s %j', async (field, value) => {
    const { accessToken } = await registerCustomer(test);
    expect(await patch({ [field]: value }, accessToken)).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ path: field }] },
    });
  });

  it('keeps the age limit', async () => {
    const { user, accessToken } = await registerCustomer(test);
    const now = test.clock.now();
    const tooYoung = `${String(now.getUTCFullYear() - 17)}-06-15`;
    expect(await patch({ birthDate: tooYoung }, accessToken)).toMatchObject({
      status: 400,
      body: { code: 'UNDERAGE' },
    });
    expect((await get(accessToken)).body).toEqual(user);
  });

  it('keeps every decision about the newsletter, with its version and time', async () => {
    const { user, accessToken } = await registerCustomer(test);
    expect(await newsletterHistory(user.id)).toEqual([]);
    // A repetition of what stands is no decision.
    const decisions = [true, true, false, false, true];
    for (const newsletter of decisions) {
      test.clock.moveBy(1000);
      expect((await patch({ newsletter }, accessToken)).body.newsletter).toBe(newsletter);
    }
    const history = await newsletterHistory(user.id);
    expect(history.map(({ granted }) => granted)).toEqual([true, false, true]);
    const times = history.map(({ given_at: at }) => at.getTime());
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBe(3);
    expect(history.every(({ version }) => version === test.config.termsVersion)).toBe(true);
    expect(await column(user.id, 'newsletter')).toBe(true);
  });

  it('records one decision where two requests make it at once', async () => {
    const { user, accessToken } = await registerCustomer(test);
    const answers = await Promise.all(Array.from({ length: 8 }, () => patch({ newsletter: true }, accessToken)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(await newsletterHistory(user.id)).toHaveLength(1);
  });

  it('keeps the text by which staff find a person', async () => {
    const email = 'Search.Me@Example.fr';
    const { user, accessToken } = await registerCustomer(test, { email, firstName: 'Zoé', lastName: 'Lefèvre' });
    expect(await column(user.id, 'search_text')).toBe('zoe lefevre search.me@example.fr');
    await patch({ lastName: 'Ångström' }, accessToken);
    expect(await column(user.id, 'search_text')).toBe('zoe angstrom search.me@example.fr');
  });

  it('notes when it was changed', async () => {
    const { user, accessToken } = await registerCustomer(test);
    test.clock.moveTo(new Date(Date.parse(String(user.createdAt)) + 60_000));
    await patch({ firstName: 'Later' }, accessToken);
    const changed = (await column(user.id, 'updated_at')) as Date;
    expect(changed.getTime()).toBeGreaterThanOrEqual(Date.parse(String(user.createdAt)) + 60_000);
    expect((await get(accessToken)).body.createdAt).toBe(user.createdAt);
  });
});
