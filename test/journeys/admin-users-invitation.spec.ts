import type { ApiResponse } from '../support/api-client';
import { registerCustomer, type SessionBody, signInAs } from '../support/builders';
import { newestLetter, tokenInLetter, waitingLetters } from '../support/letters';
import { expectInvalid, expectProblem, tally } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';

type User = SessionBody['user'] & { invitationPending: boolean };

const PASSWORD = 'cinq-tasses-de-rooibos';
const DAY_MS = 86_400_000;

describe('The invitation of a member of staff', () => {
  let test: TestApp;
  let admin: SessionBody;
  let count = 0;

  beforeAll(async () => {
    test = await startTestApp();
    admin = await signInAs(test, 'admin');
  });
  afterEach(() => {
    test.clock.reset();
  });
  afterAll(async () => {
    await test.stop();
  });

  const create = async (body: object = {}, by = admin): Promise<ApiResponse<User>> => {
    const email = `alix.${(++count).toString()}@example.fr`;
    const person = { email, firstName: 'Alix', lastName: 'Bernard', role: 'employee', ...body };
    return test.client.post<User>('/v1/admin/users', person, by.accessToken);
  };

  const invite = async (body: object = {}): Promise<User> => (await create(body)).body;

  const resend = async ({ id }: User): Promise<ApiResponse> =>
    test.client.post(`/v1/admin/users/${id}/invitation`, undefined, admin.accessToken);

  const accept = async (token: string, password = PASSWORD): Promise<ApiResponse> =>
    test.client.post('/v1/auth/invitation/accept', { token, password });

  const tokenFor = async ({ id }: User): Promise<string> => tokenInLetter(test, id, 'invitation');

  const login = async ({ email }: User, password = PASSWORD): Promise<ApiResponse<SessionBody>> =>
    test.client.post<SessionBody>('/v1/auth/login', { email, password });

  const history = async ({ id }: User): Promise<string[]> => {
    const { body } = await test.client.get<{ items: { action: string }[] }>(
      `/v1/admin/audit?subject=${id}`,
      admin.accessToken,
    );
    return body.items.map(({ action }) => action);
  };

  it('makes an account without a password, whose owner chooses it and is let in', async () => {
    const { status, body } = await create({ role: 'admin', language: 'en' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      firstName: 'Alix',
      lastName: 'Bernard',
      role: 'admin',
      isActive: true,
      emailVerified: false,
      newsletter: false,
      invitationPending: true,
    });
    expectProblem(await login(body), 401, 'INVALID_CREDENTIALS');
    const token = await tokenFor(body);
    expect((await accept(token)).status).toBe(204);
    const session = (await login(body)).body;
    expect(session.user).toMatchObject({ role: 'admin', emailVerified: true });
    const shown = await test.client.get<User>(`/v1/admin/users/${body.id}`, session.accessToken);
    expect(shown.body.invitationPending).toBe(false);
    expect(await history(body)).toEqual(['sign-in', 'invitation-accepted', 'sign-in-refused', 'staff-invited']);
  });

  it('comes by one letter, in the language chosen, which shows where to choose the password', async () => {
    const french = await invite();
    const english = await invite({ language: 'en' });
    for (const [user, subject] of [
      [french, 'Votre accès à Thé Tip Top'],
      [english, 'Your access to Thé Tip Top'],
    ] as const) {
      const letter = await newestLetter(test, user.id, 'invitation');
      expect(letter?.to).toEqual({ name: 'Alix Bernard', address: user.email });
      expect(letter?.texts[letter.language].subject).toBe(subject);
      expect(letter?.variables['link']).toMatch(/\/invitation#token=[\w-]{43}$/);
      expect(await waitingLetters(test, user.id, 'verify-email')).toEqual([]);
    }
  });

  it('is good once, and for seven days', async () => {
    const once = await invite();
    const token = await tokenFor(once);
    expect((await accept(token)).status).toBe(204);
    expectProblem(await accept(token, 'six-tasses-de-hojicha'), 400, 'INVALID_TOKEN');
    const late = await invite();
    const lateToken = await tokenFor(late);
    test.clock.moveBy(7 * DAY_MS + 1000);
    expectProblem(await accept(lateToken), 400, 'INVALID_TOKEN');
    test.clock.moveBy(-2000);
    expect((await accept(lateToken)).status).toBe(204);
  });

  it('gives one of two who come with it at once the password they chose', async () => {
    const user = await invite();
    const token = await tokenFor(user);
    const answers = await Promise.all([accept(token, PASSWORD), accept(token, 'six-tasses-de-hojicha')]);
    expect(tally(answers)).toEqual({ '204': 1, '400 INVALID_TOKEN': 1 });
    const chosen = answers[0].status === 204 ? [200, 401] : [401, 200];
    expect([(await login(user)).status, (await login(user, 'six-tasses-de-hojicha')).status]).toEqual(chosen);
  });

  it('stays good after a weak password, and bears no other purpose’s token', async () => {
    const user = await invite();
    const token = await tokenFor(user);
    const weak = expectProblem(await accept(token, 'password'), 400, 'WEAK_PASSWORD');
    expect(weak.code).toBe('WEAK_PASSWORD');
    expectProblem(
      await test.client.post('/v1/auth/password/reset', { token, password: PASSWORD }),
      400,
      'INVALID_TOKEN',
    );
    await test.client.post('/v1/auth/password/forgot', { email: user.email });
    expectProblem(await accept(await tokenInLetter(test, user.id, 'reset-password')), 400, 'INVALID_TOKEN');
    expect((await accept(token)).status).toBe(204);
  });

  it('sets no password once there is one, however that was set', async () => {
    const user = await invite();
    const token = await tokenFor(user);
    await test.client.post('/v1/auth/password/forgot', { email: user.email });
    const reset = await tokenInLetter(test, user.id, 'reset-password');
    await test.client.post('/v1/auth/password/reset', { token: reset, password: PASSWORD });
    expectProblem(await accept(token, 'six-tasses-de-hojicha'), 400, 'INVALID_TOKEN');
    expect((await login(user)).status).toBe(200);
    expectProblem(await resend(user), 409, 'NOT_INVITED');
    // One that waits in the queue is not written any more.
    expect(await newestLetter(test, user.id, 'invitation')).toBeUndefined();
  });

  it('is sent again when asked for; either letter will do', async () => {
    const user = await invite();
    const first = await tokenFor(user);
    expect((await resend(user)).status).toBe(202);
    expect(await waitingLetters(test, user.id, 'invitation')).toHaveLength(2);
    const second = await tokenFor(user);
    expect(second).not.toBe(first);
    expect((await accept(first)).status).toBe(204);
    expectProblem(await accept(second, 'six-tasses-de-hojicha'), 400, 'INVALID_TOKEN');
    expect(await history(user)).toEqual(['invitation-accepted', 'invitation-resent', 'staff-invited']);
  });

  it('is not sent to who is archived, nor to customers; and what they have of it is worth nothing', async () => {
    const user = await invite();
    const token = await tokenFor(user);
    const archive = { body: { isActive: false }, token: admin.accessToken };
    await test.client.request('PATCH', `/v1/admin/users/${user.id}`, archive);
    expectProblem(await accept(token), 400, 'INVALID_TOKEN');
    expectProblem(await resend(user), 409, 'NOT_INVITED');
    const customer = await registerCustomer(test);
    expectProblem(await resend(customer.user as User), 409, 'NOT_INVITED');
  });

  it('is refused for an address that somebody has, in whatever spelling', async () => {
    const { user } = await registerCustomer(test);
    expectProblem(await create({ email: user.email.toUpperCase() }), 409, 'EMAIL_TAKEN');
  });

  it.each([
    ['role', 'customer'],
    ['role', undefined],
    ['email', 'nobody'],
    ['firstName', '<b>'],
    ['lastName', undefined],
    ['language', 'de'],
    ['password', PASSWORD],
  ])('refuses %s=%j by its path', async (name, value) => {
    expectInvalid(await create({ [name]: value }), name);
  });

  it('is for administrators to make', async () => {
    const employee = await signInAs(test, 'employee');
    expectProblem(await create({}, employee), 403, 'FORBIDDEN');
  });
});

describe('Invitations sent again and again', () => {
  it('fill nobody’s mailbox', async () => {
    const budget = { account: 2, address: 100, windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 86_400 };
    const test = await startTestApp({ config: { mailRequests: budget } });
    const { accessToken } = await signInAs(test, 'admin');
    const person = { email: 'alix@example.fr', firstName: 'Alix', lastName: 'Bernard', role: 'employee' };
    const { id } = (await test.client.post<User>('/v1/admin/users', person, accessToken)).body;
    const answers: ApiResponse[] = [];
    for (let n = 0; n < 3; n++) {
      answers.push(await test.client.post(`/v1/admin/users/${id}/invitation`, undefined, accessToken));
    }
    expect(tally(answers)).toEqual({ '202': 2, '429 TOO_MANY_ATTEMPTS': 1 });
    expect(await waitingLetters(test, id, 'invitation')).toHaveLength(3);
    await test.stop();
  });
});
