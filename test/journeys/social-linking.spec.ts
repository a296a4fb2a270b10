import { PASSWORD, registerCustomer, type SessionBody } from '../support/builders';
import { facebookPerson } from '../support/facebook-server';
import { googlePerson } from '../support/google-provider';
import { newestLetter, waitingLetters } from '../support/letters';
import { expectProblem } from '../support/problem';
import { ScriptedBrowser } from '../support/scripted-browser';
import {
  COMPLETION,
  exchange,
  expectNothingLeft,
  fragmentOf,
  RETURN_URL,
  type SocialApp,
  startSocialApp,
  throughProvider,
  trustCounts,
} from '../support/social-app';
import { until } from '../support/waiting';

describe('Linking a provider’s person with an account', () => {
  let app: SocialApp;

  beforeAll(async () => {
    app = await startSocialApp();
  });
  afterAll(async () => {
    await app.stop();
  });

  const google =
    (body: object = {}) =>
    async () =>
      app.test.client.post<SessionBody>('/v1/auth/google/token', { idToken: await app.google.idToken(), ...body });
  const facebook = (body: object = {}) =>
    app.test.client.post<SessionBody>('/v1/auth/facebook/token', { accessToken: app.facebook.accessToken(), ...body });
  const comesBack = (provider: 'google' | 'facebook' = 'google', accept?: string) =>
    throughProvider(app, new ScriptedBrowser(), provider, accept === undefined ? {} : { accept });

  async function localAccount({ verified }: { verified: boolean }): Promise<SessionBody> {
    const session = await registerCustomer(app.test);
    if (verified) await set(session, 'email_verified_at = now()');
    return session;
  }

  async function set({ user }: SessionBody, assignment: string): Promise<void> {
    await app.test.database.query(`UPDATE users SET ${assignment} WHERE id = $1`, [user.id]);
  }

  it('happens where Google vouches for the address and the account has shown that it is theirs', async () => {
    const { user } = await localAccount({ verified: true });
    app.google.person = googlePerson({ email: user.email.toUpperCase() });
    const before = await trustCounts(app.test);
    const { status, body } = await exchange(app, await comesBack());
    expect(status).toBe(200);
    // The names are those that its owner gave; nothing was asked, for nothing is missing.
    expect(body.user).toEqual({ ...user, emailVerified: true });
    expect(await trustCounts(app.test)).toEqual({
      users: before.users,
      identities: before.identities + 1,
      sessions: before.sessions + 1,
    });
    expect((await app.test.client.post('/v1/auth/login', { email: user.email, password: PASSWORD })).status).toBe(200);
  });

  it('ends the sessions of whoever else may be in the account, and tells its reader how to keep them out', async () => {
    const other = await localAccount({ verified: true });
    app.google.person = googlePerson({ email: other.user.email });
    const linked = await exchange(app, await comesBack());
    expect(linked.body.user.id).toBe(other.user.id);
    expectProblem(await app.test.client.get('/v1/users/me', other.accessToken), 401, 'UNAUTHENTICATED');
    const { refreshToken } = other;
    expectProblem(await app.test.client.post('/v1/auth/refresh', { refreshToken }), 401, 'INVALID_REFRESH_TOKEN');
    expect((await app.test.client.get('/v1/users/me', linked.body.accessToken)).status).toBe(200);
    const letter = await newestLetter(app.test, other.user.id, 'identity-linked');
    expect(letter?.variables['link']).toMatch(/\/password\/forgot$/);

    // From then on it is the account's own way in, which ends nothing.
    expect((await exchange(app, await comesBack())).status).toBe(200);
    expect((await app.test.client.get('/v1/users/me', linked.body.accessToken)).status).toBe(200);
    expect(await waitingLetters(app.test, other.user.id, 'identity-linked')).toHaveLength(1);
  });

  it('happens on a phone by the same rule', async () => {
    const { user } = await localAccount({ verified: true });
    app.google.person = googlePerson({ email: user.email });
    expect(await google()()).toMatchObject({ status: 200, body: { user: { id: user.id } } });
  });

  it.each([
    ['Google does not vouch for the address', false, true],
    ['the account’s owner has not shown that the address is theirs', true, false],
    ['neither has', false, false],
  ])('is refused where %s, in every way in', async (_, vouched, verified) => {
    const { user } = await localAccount({ verified });
    app.google.person = googlePerson({ email: user.email, email_verified: vouched });
    await expectNothingLeft(app.test, async () => {
      expectProblem(await google(COMPLETION)(), 409, 'EMAIL_TAKEN');
      expect((await comesBack()).url.href).toBe(`${RETURN_URL}#error=EMAIL_TAKEN`);
      const answer = await comesBack('google', 'application/json');
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([409, { code: 'EMAIL_TAKEN' }]);
    });
  });

  it('is refused where Google says that it vouches in a word and not by a truth', async () => {
    const { user } = await localAccount({ verified: true });
    app.google.person = googlePerson({ email: user.email, email_verified: 'true' as unknown as boolean });
    await expectNothingLeft(app.test, async () => {
      expectProblem(await google(COMPLETION)(), 409, 'EMAIL_TAKEN');
    });
  });

  it('is refused for Facebook, which vouches for no address', async () => {
    const { user } = await localAccount({ verified: true });
    app.facebook.person = facebookPerson({ email: user.email });
    await expectNothingLeft(app.test, async () => {
      expectProblem(await facebook(COMPLETION), 409, 'EMAIL_TAKEN');
      expect((await comesBack('facebook')).url.href).toBe(`${RETURN_URL}#error=EMAIL_TAKEN`);
    });
  });

  it('is refused where the person types an address that is somebody’s', async () => {
    const { user } = await localAccount({ verified: true });
    app.facebook.person = { id: facebookPerson().id, first_name: 'F', last_name: 'L' };
    await expectNothingLeft(app.test, async () => {
      expectProblem(await facebook({ ...COMPLETION, email: user.email }), 409, 'EMAIL_TAKEN');
    });
    // The phone of an attacker who has somebody’s address typed beside what Google vouches for.
    app.google.person = googlePerson();
    const { body } = await google({ ...COMPLETION, email: user.email })();
    expect(body.user).toMatchObject({ email: app.google.person.email });
    expect(body.user.id).not.toBe(user.id);
  });

  it('is refused for the code of an exchange if the account stopped being one to link with', async () => {
    const session = await localAccount({ verified: true });
    app.google.person = googlePerson({ email: session.user.email });
    const page = await comesBack();
    await set(session, 'email_verified_at = NULL');
    await expectNothingLeft(app.test, async () => {
      expectProblem(await exchange(app, page), 409, 'EMAIL_TAKEN');
    });
  });

  it('has a way out: once the owner has shown that the address is theirs, the same sign-in is let in', async () => {
    const session = await localAccount({ verified: false });
    app.google.person = googlePerson({ email: session.user.email });
    expectProblem(await google()(), 409, 'EMAIL_TAKEN');
    await set(session, 'email_verified_at = now()');
    expect(await google()()).toMatchObject({ status: 200, body: { user: { id: session.user.id } } });
  });

  it('lets one account have both providers, and one person of a provider one account', async () => {
    app.google.person = googlePerson();
    const { body: first } = await google(COMPLETION)();
    app.facebook.person = facebookPerson();
    const { body: second } = await facebook(COMPLETION);
    expect(second.user.id).not.toBe(first.user.id);
    // Facebook's person now claims the address of Google's: they stay who they are.
    app.facebook.person = { ...app.facebook.person, email: first.user.email };
    expect(await facebook()).toMatchObject({ status: 200, body: { user: { id: second.user.id } } });
    // The same number at another provider is somebody else.
    app.facebook.person = facebookPerson({ id: app.google.person.sub });
    expectProblem(await facebook(), 400, 'PROFILE_INCOMPLETE');
  });

  describe('An archived account', () => {
    it('is not revived by the identity that it is linked with', async () => {
      app.google.person = googlePerson();
      const session = (await google(COMPLETION)()).body;
      const page = await comesBack();
      await set(session, 'is_active = false');
      await expectNothingLeft(app.test, async () => {
        expectProblem(await google()(), 403, 'ACCOUNT_ARCHIVED');
        expectProblem(await exchange(app, page), 403, 'ACCOUNT_ARCHIVED');
        expect((await comesBack()).url.href).toBe(`${RETURN_URL}#error=ACCOUNT_ARCHIVED`);
        expect(fragmentOf(await comesBack())).toEqual({ error: 'ACCOUNT_ARCHIVED' });
      });
      expectProblem(await app.test.client.get('/v1/users/me', session.accessToken), 403, 'ACCOUNT_ARCHIVED');
    });

    it('is neither linked with its address nor replaced by a new one', async () => {
      const session = await localAccount({ verified: true });
      await set(session, 'is_active = false');
      app.google.person = googlePerson({ email: session.user.email });
      await expectNothingLeft(app.test, async () => {
        expectProblem(await google(COMPLETION)(), 403, 'ACCOUNT_ARCHIVED');
        expect((await comesBack()).url.href).toBe(`${RETURN_URL}#error=ACCOUNT_ARCHIVED`);
      });
    });
  });
});

describe('Somebody who makes tokens up', () => {
  it('does not have Facebook asked without end, nor keeps others from it for long', async () => {
    const pause = { windowSeconds: 900, blockSeconds: 1, maxBlockSeconds: 1 };
    const budget = { ...pause, account: 100, address: 3, everywhere: 100, underPressure: 100 };
    const app = await startSocialApp({ loginAttempts: budget });
    try {
      const sign = (accessToken: string) =>
        app.test.client.post('/v1/auth/facebook/token', { ...COMPLETION, accessToken });
      const good = app.facebook.accessToken({}, facebookPerson());
      for (let n = 0; n < 4; n++) expectProblem(await sign(`made-up-${n}`), 401, 'OAUTH_REFUSED');
      expectProblem(await sign('made-up'), 429, 'TOO_MANY_ATTEMPTS');
      await until('the pause is over', async () => (await sign(good)).status === 200);
    } finally {
      await app.stop();
    }
  });
});

describe('Somebody who types addresses to learn who has an account', () => {
  it('is slowed down as one who registers for it is, and a known person is not', async () => {
    const pause = { windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 60 };
    const app = await startSocialApp({ registrations: { ...pause, address: 3 } });
    try {
      const known = facebookPerson();
      const body = { ...COMPLETION, accessToken: app.facebook.accessToken({}, known) };
      expect((await app.test.client.post('/v1/auth/facebook/token', body)).status).toBe(200);
      const nameless = app.facebook.accessToken({}, { id: facebookPerson().id, first_name: 'F', last_name: 'L' });
      const statuses: number[] = [];
      for (let n = 0; n < 4; n++) {
        const guess = { ...COMPLETION, acceptTerms: false, accessToken: nameless, email: known.email };
        statuses.push((await app.test.client.post('/v1/auth/facebook/token', guess)).status);
      }
      expect(statuses).toEqual([409, 409, 429, 429]);
      expect((await app.test.client.post('/v1/auth/facebook/token', body)).status).toBe(200);
    } finally {
      await app.stop();
    }
  });
});
