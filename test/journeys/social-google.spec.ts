import type { ProblemBody, SessionBody } from '../support/builders';
import { challengeOf, googlePerson } from '../support/google-provider';
import { secretsInLog } from '../support/log-scan';
import { expectProblem } from '../support/problem';
import { ScriptedBrowser } from '../support/scripted-browser';
import {
  COMPLETION,
  exchange,
  expectNothingLeft,
  fragmentOf,
  lettersTo,
  OTHER_RETURN_URL,
  RETURN_URL,
  type SocialApp,
  startSocialApp,
  throughProvider,
  trustCounts,
} from '../support/social-app';

describe('Signing in with Google', () => {
  let app: SocialApp;

  beforeAll(async () => {
    app = await startSocialApp();
  });
  beforeEach(() => {
    app.google.person = googlePerson();
  });
  afterEach(() => {
    app.test.clock.reset();
  });
  afterAll(async () => {
    await app.stop();
  });

  const comesBack = (options?: Parameters<typeof throughProvider>[3]) =>
    throughProvider(app, new ScriptedBrowser(), 'google', options);

  const identityOf = async (subject: string) => {
    const [row] = await app.test.database.query<{ user_id: string; linked_at: Date; last_used_at: Date }[]>(
      'SELECT user_id, linked_at, last_used_at FROM identities WHERE provider = $1 AND subject = $2',
      ['google', subject],
    );
    return row;
  };

  it('sends the browser there with PKCE, state and nonce, and a cookie that only the way back is sent', async () => {
    const { status, headers } = await fetch(`${app.test.client.url}/v1/auth/google`, { redirect: 'manual' });
    expect(status).toBe(302);
    const target = new URL(headers.get('location') ?? '');
    expect(target.href.startsWith(`${app.google.issuer}/auth?`)).toBe(true);
    expect(Object.fromEntries(target.searchParams)).toEqual({
      client_id: 'tiptop-web',
      response_type: 'code',
      scope: 'openid email profile',
      redirect_uri: `${app.test.client.url}/v1/auth/google/callback`,
      state: expect.stringMatching(/^[\w-]{43}$/) as string,
      nonce: expect.stringMatching(/^[\w-]{43}$/) as string,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
      code_challenge_method: 'S256',
    });
    const [cookie = '', ...more] = headers.getSetCookie();
    expect(more).toEqual([]);
    expect(cookie.split('; ').slice(1).sort()).toEqual([
      'HttpOnly',
      expect.stringMatching(/^Max-Age=(600|59\d)$/) as string,
      'Path=/v1/auth/google',
      'SameSite=Lax',
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('asks a new person for a birth date and the terms, with the same code, and then lets them in', async () => {
    const { person } = app.google;
    const before = await trustCounts(app.test);
    const page = await comesBack();
    expect(page.url.href).toMatch(new RegExp(`^${RETURN_URL}#code=[\\w-]{43}$`));
    const asked = expectProblem(await exchange(app, page), 400, 'PROFILE_INCOMPLETE');
    expect(asked.errors).toEqual([
      { path: 'birthDate', message: 'est à compléter' },
      { path: 'acceptTerms', message: 'est à compléter' },
    ]);
    expectProblem(await exchange(app, page, { ...COMPLETION, acceptTerms: false }), 400, 'TERMS_NOT_ACCEPTED');
    expectProblem(await exchange(app, page, { ...COMPLETION, birthDate: '2020-01-01' }), 400, 'UNDERAGE');
    expect(await trustCounts(app.test)).toEqual(before);

    const { status, body } = await exchange(app, page, { ...COMPLETION, newsletter: true });
    expect(status).toBe(200);
    expect(body.user).toMatchObject({
      email: person.email,
      firstName: 'Odile',
      lastName: 'Quentin',
      birthDate: '1990-05-17',
      role: 'customer',
      emailVerified: true,
      newsletter: true,
    });
    expect((await app.test.client.get('/v1/users/me', body.accessToken)).body).toEqual(body.user);
    expect(await identityOf(person.sub)).toMatchObject({ user_id: body.user.id });
    expect(await trustCounts(app.test)).toEqual({
      users: before.users + 1,
      identities: before.identities + 1,
      sessions: before.sessions + 1,
    });
    const consents = await app.test.database.query<object[]>(
      'SELECT kind, version, granted FROM consents WHERE user_id = $1 ORDER BY kind',
      [body.user.id],
    );
    const version = app.test.config.termsVersion;
    expect(consents).toEqual([
      { kind: 'newsletter', version, granted: true },
      { kind: 'terms', version, granted: true },
    ]);
    // Google vouches for the address.
    expect(await lettersTo(app.test, body.user.id)).toEqual([]);
  });

  it('lets a known person in at once, whatever their address has become, and as the same user', async () => {
    const { person } = app.google;
    const { body: first } = await exchange(app, await comesBack(), COMPLETION);
    app.google.person = { ...person, email: `moved.${person.email ?? ''}`, family_name: 'Married' };
    app.test.clock.moveBy(3_600_000);
    const { status, body } = await exchange(app, await comesBack());
    expect(status).toBe(200);
    expect(body.user).toEqual(first.user);
    expect(body.user.email).toBe(person.email);
    const identity = await identityOf(person.sub);
    expect((identity?.last_used_at.getTime() ?? 0) - (identity?.linked_at.getTime() ?? 0)).toBeGreaterThan(3_599_000);
  });

  it('writes letters in the language of the sign-in', async () => {
    const page = await comesBack();
    const { body } = await app.test.client.post<SessionBody>(
      '/v1/auth/exchange',
      { code: fragmentOf(page).code, ...COMPLETION },
      undefined,
      { 'accept-language': 'en' },
    );
    expect(body.user.language).toBe('en');
  });

  it('asks for names where Google tells none that will do', async () => {
    app.google.person = googlePerson({ given_name: '<>\u0007', family_name: '  Ma\u0000r<b>tin ' });
    const page = await comesBack();
    const asked = expectProblem(await exchange(app, page, COMPLETION), 400, 'PROFILE_INCOMPLETE');
    expect(asked.errors?.map(({ path }) => path)).toEqual(['firstName']);
    const { body } = await exchange(app, page, { ...COMPLETION, firstName: 'Odile', lastName: 'Passed-Over' });
    expect(body.user).toMatchObject({ firstName: 'Odile', lastName: 'Ma r b tin' });
  });

  it('makes an account with an address nobody has shown to be theirs where Google tells none', async () => {
    const { sub } = app.google.person;
    app.google.person = { sub, given_name: 'Odile', family_name: 'Quentin' };
    const page = await comesBack();
    const asked = expectProblem(await exchange(app, page, COMPLETION), 400, 'PROFILE_INCOMPLETE');
    expect(asked.errors?.map(({ path }) => path)).toEqual(['email']);
    const { body } = await exchange(app, page, { ...COMPLETION, email: `typed.${sub}@example.fr` });
    expect(body.user).toMatchObject({ email: `typed.${sub}@example.fr`, emailVerified: false });
    expect(await lettersTo(app.test, body.user.id)).toEqual(['verify-email']);
  });

  describe('The code', () => {
    it('is good for one session', async () => {
      const page = await comesBack();
      expect((await exchange(app, page, COMPLETION)).status).toBe(200);
      await expectNothingLeft(app.test, async () => {
        expectProblem(await exchange(app, page, COMPLETION), 400, 'INVALID_TOKEN');
      });
    });

    it('of a known person lives a minute, that of a new one a quarter of an hour', async () => {
      const first = await comesBack();
      app.test.clock.moveBy(14.5 * 60_000);
      expect((await exchange(app, first, COMPLETION)).status).toBe(200);
      app.test.clock.reset();
      const [early, late] = [await comesBack(), await comesBack()];
      app.test.clock.moveBy(50_000);
      expect((await exchange(app, early)).status).toBe(200);
      app.test.clock.moveBy(11_000);
      expectProblem(await exchange(app, late), 400, 'INVALID_TOKEN');
      app.google.person = googlePerson();
      app.test.clock.reset();
      const stale = await comesBack();
      app.test.clock.moveBy(15 * 60_000 + 1000);
      await expectNothingLeft(app.test, async () => {
        expectProblem(await exchange(app, stale, COMPLETION), 400, 'INVALID_TOKEN');
      });
    });

    it('is kept as a hash, and leaves with the next one when its time is over', async () => {
      const page = await comesBack();
      const rows = await app.test.database.query<object[]>('SELECT * FROM sign_in_codes');
      expect(rows.length).toBeGreaterThan(0);
      expect(JSON.stringify(rows)).not.toContain(fragmentOf(page).code);
      app.test.clock.moveBy(3_600_000);
      await comesBack();
      expect(await app.test.database.query('SELECT FROM sign_in_codes')).toHaveLength(1);
    });

    it('that was asked for with a challenge is good for the client that holds its verifier', async () => {
      const verifier = 'the-web-client-keeps-this-in-its-session-storage';
      const query = `?challenge=${challengeOf(verifier)}`;
      const page = await comesBack({ query });
      expect((await exchange(app, page, { ...COMPLETION, verifier })).status).toBe(200);
    });

    it.each([
      ['without the verifier', `?challenge=${challengeOf('right')}`, {}],
      ['with a wrong one', `?challenge=${challengeOf('right')}`, { verifier: 'wrong' }],
      ['with one that nobody asked for', '', { verifier: 'right' }],
    ])('dies when it comes %s', async (_, query, body) => {
      const page = await comesBack({ query });
      await expectNothingLeft(app.test, async () => {
        expectProblem(await exchange(app, page, { ...COMPLETION, ...body }), 400, 'INVALID_TOKEN');
        const right = query === '' ? {} : { verifier: 'right' };
        expectProblem(await exchange(app, page, { ...COMPLETION, ...right }), 400, 'INVALID_TOKEN');
      });
    });

    it.each([['unknown'], ['x'.repeat(43)], ['\u0000']])('that nobody issued is refused: %j', async (code) => {
      const answer = await app.test.client.post('/v1/auth/exchange', { code, ...COMPLETION });
      expectProblem(answer, 400, 'INVALID_TOKEN');
    });
  });

  it('comes back to the address that was asked for', async () => {
    const page = await comesBack({ query: `?returnUrl=${encodeURIComponent(OTHER_RETURN_URL)}` });
    expect(page.url.href).toMatch(new RegExp(`^${OTHER_RETURN_URL}#code=`));
  });

  it('takes a person who cancels at Google back to the web client, with the reason', async () => {
    await expectNothingLeft(app.test, async () => {
      const page = await comesBack({ button: 'cancel' });
      expect(page.url.href).toBe(`${RETURN_URL}#error=OAUTH_REFUSED`);
    });
  });

  it('answers a client that reads no HTML with a problem instead', async () => {
    const page = await comesBack({ button: 'cancel', accept: 'application/json' });
    expect(page.status).toBe(401);
    expect(JSON.parse(page.body)).toMatchObject({ code: 'OAUTH_REFUSED' });
  });

  it.each(['(x) y', 'é', 'y'.repeat(15), 'y'.repeat(17)])(
    'passes over cookies whose names are not of our making: …%s',
    async (rest) => {
      const answer = await app.test.client.get('/v1/auth/google', undefined, { cookie: `tiptop_sign_in_${rest}=1` });
      expect(answer.status).toBe(302);
      expect(answer.headers.getSetCookie()).toHaveLength(1);
    },
  );

  it('removes no more old cookies at once than an answer has room for', async () => {
    const cookie = Array.from({ length: 100 }, (_, n) => `tiptop_sign_in_${n.toString().padStart(16, 'y')}=1`).join(
      '; ',
    );
    const answer = await app.test.client.get('/v1/auth/google', undefined, { cookie });
    expect(answer.status).toBe(302);
    expect(answer.headers.getSetCookie()).toHaveLength(1 + 8);
  });

  it('works in several tabs of one browser, and keeps the cookies of a few', async () => {
    const browser = new ScriptedBrowser();
    const start = `${app.test.client.url}/v1/auth/google`;
    const first = await browser.visit(start);
    const second = await browser.visit(start);
    const options = { stopAt: ({ href }: URL) => href.startsWith(RETURN_URL) };
    expect(fragmentOf(await browser.submit(first, 'continue', options))).toHaveProperty('code');
    expect(fragmentOf(await browser.submit(second, 'continue', options))).toHaveProperty('code');
    const ours = () => browser.cookies.filter(({ path }) => path === '/v1/auth/google');
    expect(ours()).toEqual([]);
    for (let tab = 0; tab < 8; tab++) {
      await browser.visit(start, { stopAt: ({ origin }) => origin === app.google.issuer });
    }
    expect(ours()).toHaveLength(4);
    expect(fragmentOf(await browser.visit(start, options))).toHaveProperty('code');
  });

  describe('On a phone', () => {
    const token = (body: object) => app.test.client.post<SessionBody & ProblemBody>('/v1/auth/google/token', body);

    it('takes the ID token, asks a new person what is missing, and knows them the next time', async () => {
      const idToken = await app.google.idToken('a-nonce');
      await expectNothingLeft(app.test, async () => {
        expectProblem(await token({ idToken, nonce: 'a-nonce' }), 400, 'PROFILE_INCOMPLETE');
      });
      const first = await token({ idToken, nonce: 'a-nonce', ...COMPLETION });
      expect(first.status).toBe(200);
      expect(first.body.user).toMatchObject({ email: app.google.person.email, emailVerified: true });
      const again = await token({ idToken: await app.google.idToken() });
      expect(again).toMatchObject({ status: 200, body: { user: { id: first.body.user.id } } });
      const web = await exchange(app, await comesBack());
      expect(web.body.user.id).toBe(first.body.user.id);
    });

    it('refuses a token whose time is over, by the service’s clock', async () => {
      const idToken = await app.google.idToken();
      app.test.clock.moveBy(3_600_000 - 5000);
      expectProblem(await token({ idToken }), 400, 'PROFILE_INCOMPLETE');
      app.test.clock.moveBy(20_000);
      await expectNothingLeft(app.test, async () => {
        expectProblem(await token({ idToken, ...COMPLETION }), 401, 'OAUTH_REFUSED');
      });
    });

    it('refuses a token of another sign-in than the one whose nonce is sent', async () => {
      await expectNothingLeft(app.test, async () => {
        for (const nonce of [undefined, 'theirs']) {
          const answer = await token({ idToken: await app.google.idToken(nonce), nonce: 'ours', ...COMPLETION });
          expectProblem(answer, 401, 'OAUTH_REFUSED');
        }
      });
    });
  });

  it('leaves no code, token, address or subject in the log', async () => {
    const page = await comesBack();
    const { body } = await exchange(app, page, COMPLETION);
    const idToken = await app.google.idToken();
    await app.test.client.post('/v1/auth/google/token', { idToken: `${idToken.slice(0, -8)}AAAAAAAA` });
    const callback = new URL(page.visited.find((url) => url.includes('/callback?')) ?? '');
    const secrets = [
      fragmentOf(page).code ?? '-',
      ...callback.searchParams.values(),
      body.accessToken,
      body.refreshToken,
      idToken,
      app.google.person.sub,
    ].filter((text) => !text.startsWith('http'));
    expect(secrets).toHaveLength(7);
    expect(await secretsInLog([app.test], secrets)).toEqual([]);
    const refusals = app.test.logLines().filter(({ errorCode }) => errorCode === 'OAUTH_REFUSED');
    expect(refusals.at(-1)).toMatchObject({
      level: 'info',
      provider: 'google',
      reason: expect.stringMatching(/signature/) as string,
    });
  });
});

describe('Signing in with Google where no return address is configured', () => {
  let app: SocialApp;

  beforeAll(async () => {
    app = await startSocialApp({ webReturnUrls: [] });
  });
  afterAll(async () => {
    await app.stop();
  });

  it('answers the session itself to a known person, and says what is missing to a new one', async () => {
    const come = () => throughProvider(app, new ScriptedBrowser(), 'google');
    const asked = await expectNothingLeft(app.test, come);
    expect([asked.status, JSON.parse(asked.body)]).toMatchObject([400, { code: 'PROFILE_INCOMPLETE' }]);
    const { body } = await app.test.client.post<SessionBody>('/v1/auth/google/token', {
      idToken: await app.google.idToken(),
      ...COMPLETION,
    });
    const page = await come();
    expect([page.status, JSON.parse(page.body)]).toMatchObject([200, { user: body.user, tokenType: 'Bearer' }]);
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('sends nobody anywhere', async () => {
    const url = `/v1/auth/google?returnUrl=${encodeURIComponent(RETURN_URL)}`;
    expectProblem(await app.test.client.get(url), 400, 'RETURN_URL_NOT_ALLOWED');
    const page = await throughProvider(app, new ScriptedBrowser(), 'google', { button: 'cancel' });
    expect([page.status, JSON.parse(page.body)]).toMatchObject([401, { code: 'OAUTH_REFUSED' }]);
  });
});
