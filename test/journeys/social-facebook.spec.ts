import type { ProblemBody, SessionBody } from '../support/builders';
import { FACEBOOK_APP, facebookPerson, FacebookServer, type TokenFacts } from '../support/facebook-server';
import { secretsInLog } from '../support/log-scan';
import { expectProblem } from '../support/problem';
import { ScriptedBrowser } from '../support/scripted-browser';
import {
  COMPLETION,
  exchange,
  expectNothingLeft,
  facebookConfig,
  fragmentOf,
  lettersTo,
  RETURN_URL,
  type SocialApp,
  startSocialApp,
  throughProvider,
} from '../support/social-app';

describe('Signing in with Facebook', () => {
  let app: SocialApp;

  beforeAll(async () => {
    app = await startSocialApp({ providerTimeoutMs: 1000 });
  });
  beforeEach(() => {
    app.facebook.person = facebookPerson();
  });
  afterEach(() => {
    app.facebook.broken.clear();
    app.facebook.delayMs = 0;
    app.test.clock.reset();
  });
  afterAll(async () => {
    await app.stop();
  });

  const comesBack = (options?: Parameters<typeof throughProvider>[3]) =>
    throughProvider(app, new ScriptedBrowser(), 'facebook', options);
  const token = (body: object) => app.test.client.post<SessionBody & ProblemBody>('/v1/auth/facebook/token', body);

  it('opens the dialog with PKCE and state', async () => {
    const { status, headers } = await fetch(`${app.test.client.url}/v1/auth/facebook`, { redirect: 'manual' });
    expect(status).toBe(302);
    const target = new URL(headers.get('location') ?? '');
    expect(target.href.startsWith(`${app.facebook.dialogUrl}?`)).toBe(true);
    expect(Object.fromEntries(target.searchParams)).toEqual({
      client_id: FACEBOOK_APP.appId,
      response_type: 'code',
      scope: 'public_profile,email',
      redirect_uri: `${app.test.client.url}/v1/auth/facebook/callback`,
      state: expect.stringMatching(/^[\w-]{43}$/) as string,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
      code_challenge_method: 'S256',
    });
    expect(headers.getSetCookie()).toHaveLength(1);
    expect(headers.getSetCookie()[0]).toContain('Path=/v1/auth/facebook;');
  });

  it('lets a new person in whose address is still to be shown to be theirs, and knows them again', async () => {
    const { person } = app.facebook;
    const page = await comesBack();
    expect(page.url.href).toMatch(new RegExp(`^${RETURN_URL}#code=[\\w-]{43}$`));
    await expectNothingLeft(app.test, async () => {
      expectProblem(await exchange(app, page), 400, 'PROFILE_INCOMPLETE');
    });
    const { status, body } = await exchange(app, page, COMPLETION);
    expect(status).toBe(200);
    expect(body.user).toMatchObject({
      email: person.email,
      firstName: 'Fabien',
      lastName: 'Leroy',
      emailVerified: false,
    });
    expect(await lettersTo(app.test, body.user.id)).toEqual(['verify-email']);
    expect((await exchange(app, await comesBack())).body.user.id).toBe(body.user.id);
    const phone = await token({ accessToken: app.facebook.accessToken() });
    expect(phone).toMatchObject({ status: 200, body: { user: { id: body.user.id } } });
  });

  it('asks somebody who has no address at Facebook for one', async () => {
    app.facebook.person = { id: app.facebook.person.id, first_name: 'Fabien', last_name: 'Leroy' };
    const accessToken = app.facebook.accessToken();
    const asked = expectProblem(await token({ accessToken }), 400, 'PROFILE_INCOMPLETE');
    expect(asked.errors?.map(({ path }) => path)).toEqual(['email', 'birthDate', 'acceptTerms']);
    const email = `typed.${app.facebook.person.id}@example.fr`;
    const { body } = await token({ accessToken, email, ...COMPLETION });
    expect(body.user).toMatchObject({ email, emailVerified: false });
  });

  it('takes a person who cancels back to the web client, with the reason', async () => {
    await expectNothingLeft(app.test, async () => {
      expect((await comesBack({ button: 'cancel' })).url.href).toBe(`${RETURN_URL}#error=OAUTH_REFUSED`);
    });
  });

  describe('On a phone', () => {
    const past = Math.floor(Date.now() / 1000) - 1;

    it.each<[string, TokenFacts]>([
      ['made for another app', { app_id: '999' }],
      ['made for our app by its number', { app_id: Number(FACEBOOK_APP.appId) }],
      ['of a page', { type: 'PAGE' }],
      ['of an app', { type: 'APP' }],
      ['no longer valid', { is_valid: false }],
      ['that says so in words', { is_valid: 'true' }],
      ['expired', { expires_at: past }],
      ['of unknown life', { expires_at: undefined }],
      ['of nobody', { user_id: undefined }],
      ['that its debugging says is somebody else’s', { user_id: '1' }],
    ])('refuses a token %s', async (_, facts) => {
      await expectNothingLeft(app.test, async () => {
        const accessToken = app.facebook.accessToken(facts);
        expectProblem(await token({ accessToken, ...COMPLETION }), 401, 'OAUTH_REFUSED');
      });
    });

    it('refuses a token that Facebook does not know', async () => {
      await expectNothingLeft(app.test, async () => {
        expectProblem(await token({ accessToken: 'EAAGmadeup', ...COMPLETION }), 401, 'OAUTH_REFUSED');
      });
    });

    it('takes one that never expires', async () => {
      const accessToken = app.facebook.accessToken({ expires_at: 0 });
      expect((await token({ accessToken, ...COMPLETION })).status).toBe(200);
    });

    it.each([
      ['an empty text', ''],
      ['a number', 1],
      ['a list', ['a']],
      ['a text without end', 'x'.repeat(4097)],
    ])('refuses %s for a token before asking anybody', async (_, accessToken) => {
      expectProblem(await token({ accessToken }), 400, 'VALIDATION_FAILED');
    });
  });

  describe('While Facebook fails', () => {
    const unavailable = async (): Promise<void> => {
      const accessToken = app.facebook.accessToken();
      await expectNothingLeft(app.test, async () => {
        const answer = await token({ accessToken, ...COMPLETION });
        expectProblem(answer, 503, 'OAUTH_UNAVAILABLE');
        expect(answer.headers.get('retry-after')).toBe('30');
      });
    };

    it.each([
      ['the debug endpoint answers 500', '/debug_token', { status: 500, body: {} }],
      ['it limits the rate', '/debug_token', { status: 400, body: { error: { code: 4 } } }],
      ['it says that it passes', '/me', { status: 400, body: { error: { code: 999, is_transient: true } } }],
      ['the profile can’t be had', '/me', { status: 503, body: {} }],
      ['it answers something else', '/me', { status: 200, body: 'hello' }],
    ])('says so: %s', async (_, path, answer) => {
      app.facebook.broken.set(path, answer);
      await unavailable();
    });

    it('says so when it is slow', async () => {
      app.facebook.delayMs = 2500;
      await unavailable();
    });

    it('sends the browser back with the reason, and lets the person in when it is well again', async () => {
      app.facebook.broken.set('/oauth/access_token', { status: 502, body: {} });
      await expectNothingLeft(app.test, async () => {
        expect(fragmentOf(await comesBack())).toEqual({ error: 'OAUTH_UNAVAILABLE' });
      });
      app.facebook.broken.clear();
      expect(fragmentOf(await comesBack())).toHaveProperty('code');
    });
  });

  it('leaves no token, secret or subject in the log', async () => {
    const accessToken = app.facebook.accessToken();
    await token({ accessToken, ...COMPLETION });
    app.facebook.broken.set('/me', { status: 400, body: { error: { code: 190, message: accessToken } } });
    await token({ accessToken });
    expect(await secretsInLog([app.test], [accessToken, FACEBOOK_APP.appSecret, app.facebook.person.id])).toEqual([]);
  });
});

describe('Facebook’s app secret', () => {
  it('is needed for its answers: with a wrong one nobody is let in', async () => {
    const facebook = await FacebookServer.start();
    const app = await startSocialApp({ facebook: { ...facebookConfig(facebook), appSecret: 'not-the-secret' } });
    try {
      const body = { accessToken: facebook.accessToken(), ...COMPLETION };
      await expectNothingLeft(app.test, async () => {
        expectProblem(await app.test.client.post('/v1/auth/facebook/token', body), 401, 'OAUTH_REFUSED');
      });
    } finally {
      await app.stop();
      await facebook.stop();
    }
  });
});

describe('Behind a public address', () => {
  it('comes back to it, and keeps the cookie to https and to the way back', async () => {
    const app = await startSocialApp({ publicUrl: 'https://www.the-tip-top.example/api/' });
    try {
      const { headers } = await fetch(`${app.test.client.url}/v1/auth/facebook`, { redirect: 'manual' });
      const target = new URL(headers.get('location') ?? '');
      const callback = 'https://www.the-tip-top.example/api/v1/auth/facebook/callback';
      expect(target.searchParams.get('redirect_uri')).toBe(callback);
      const [cookie = ''] = headers.getSetCookie();
      expect(cookie.split('; ')).toEqual(expect.arrayContaining(['Secure', 'HttpOnly', 'Path=/api/v1/auth/facebook']));
    } finally {
      await app.stop();
    }
  });
});
