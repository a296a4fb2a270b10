import type { ProblemBody, SessionBody } from '../support/builders';
import { GOOGLE_CLIENT, GOOGLE_MOBILE_CLIENT } from '../support/google-provider';
import { type Claims, GoogleForger } from '../support/google-forger';
import { expectInvalid, expectProblem } from '../support/problem';
import { ScriptedBrowser } from '../support/scripted-browser';
import {
  COMPLETION,
  exchange,
  expectNothingLeft,
  fragmentOf,
  googleConfig,
  isWebClient,
  RETURN_URL,
  type SocialApp,
  startSocialApp,
} from '../support/social-app';

const seconds = (): number => Math.floor(Date.now() / 1000);

type Forgery = (forger: GoogleForger, claims: Claims) => Promise<string> | string;

/** What nobody may get in with, on a phone or in a browser. */
const FORGERIES: [string, Forgery][] = [
  ['for another audience', (forger, claims) => forger.sign({ ...claims, aud: 'another-app' })],
  ['for nobody', (forger, claims) => forger.sign({ ...claims, aud: undefined })],
  ['for several, us among them', (forger, claims) => forger.sign({ ...claims, aud: [claims.aud, 'another-app'] })],
  ['by another issuer', (forger, claims) => forger.sign({ ...claims, iss: 'https://accounts.google.example' })],
  [
    'by Google itself, which is not the issuer here',
    (forger, claims) => forger.sign({ ...claims, iss: 'accounts.google.com' }),
  ],
  ['expired', (forger, claims) => forger.sign({ ...claims, iat: seconds() - 7200, exp: seconds() - 3600 })],
  ['without an end', (forger, claims) => forger.sign({ ...claims, exp: undefined })],
  ['without a beginning', (forger, claims) => forger.sign({ ...claims, iat: undefined })],
  ['not good yet', (forger, claims) => forger.sign({ ...claims, nbf: seconds() + 3600 })],
  ['about nobody', (forger, claims) => forger.sign({ ...claims, sub: undefined })],
  ['about an empty name', (forger, claims) => forger.sign({ ...claims, sub: '' })],
  ['about a name without end', (forger, claims) => forger.sign({ ...claims, sub: '4'.repeat(256) })],
  ['of another sign-in', (forger, claims) => forger.sign({ ...claims, nonce: 'another' })],
  ['without its nonce', (forger, claims) => forger.sign({ ...claims, nonce: undefined })],
  ['signed with another key', (forger, claims) => forger.signWithOtherKey(claims)],
  ['signed with the right key in a way nobody agreed on', (forger, claims) => forger.signOtherwise(claims)],
  ['signed with a key of an unknown name', (forger, claims) => forger.sign(claims, { kid: 'unknown' })],
  ['that says it needs no signature', (forger, claims) => forger.unsigned(claims)],
  ['signed with the public key as a secret', (forger, claims) => forger.signWithPublicKey(claims)],
  ['with its signature cut off', async (forger, claims) => (await forger.sign(claims)).replace(/[^.]+$/, '')],
  [
    'changed after it was signed',
    async (forger, claims) => {
      const [header, , signature] = (await forger.sign(claims)).split('.');
      const other = Buffer.from(JSON.stringify({ ...claims, sub: '43' })).toString('base64url');
      return [header, other, signature].join('.');
    },
  ],
  ['that is none', () => 'not-a-token'],
];

describe('A forged ID token', () => {
  let forger: GoogleForger;
  let app: SocialApp;

  beforeAll(async () => {
    forger = await GoogleForger.start(GOOGLE_CLIENT.clientId);
    app = await startSocialApp({ google: googleConfig(forger.issuer), providerTimeoutMs: 1000 });
  });
  afterEach(() => {
    forger.forge = (claims) => forger.sign(claims);
    app.test.clock.reset();
  });
  afterAll(async () => {
    await app.stop();
    await forger.stop();
  });

  const comesBack = () => new ScriptedBrowser().visit(`${app.test.client.url}/v1/auth/google`, { stopAt: isWebClient });
  const token = (body: object) => app.test.client.post<SessionBody & ProblemBody>('/v1/auth/google/token', body);

  it.each(FORGERIES)('is refused on the way back: %s', async (_, forge) => {
    forger.forge = (claims) => forge(forger, claims);
    await expectNothingLeft(app.test, async () => {
      expect((await comesBack()).url.href).toBe(`${RETURN_URL}#error=OAUTH_REFUSED`);
      expect(await app.test.database.query('SELECT FROM sign_in_codes')).toEqual([]);
    });
  });

  it.each(FORGERIES)('is refused on a phone: %s', async (_, forge) => {
    const idToken = await forge(forger, forger.claims({ nonce: 'ours' }));
    await expectNothingLeft(app.test, async () => {
      expectProblem(await token({ idToken, nonce: 'ours', ...COMPLETION }), 401, 'OAUTH_REFUSED');
    });
  });

  it('is told from a true one, which gets in on either way', async () => {
    expect((await exchange(app, await comesBack(), COMPLETION)).status).toBe(200);
    const mobile = await forger.sign(forger.claims({ aud: GOOGLE_MOBILE_CLIENT, nonce: 'ours' }));
    expect((await token({ idToken: mobile, nonce: 'ours' })).status).toBe(200);
    const single = await forger.sign(forger.claims({ aud: [GOOGLE_MOBILE_CLIENT] }));
    expect((await token({ idToken: single })).status).toBe(200);
  });

  it('may be for a mobile client on a phone only', async () => {
    forger.forge = (claims) => forger.sign({ ...claims, aud: GOOGLE_MOBILE_CLIENT });
    await expectNothingLeft(app.test, async () => {
      expect((await comesBack()).url.href).toBe(`${RETURN_URL}#error=OAUTH_REFUSED`);
    });
  });

  it('of an unknown key makes nobody ask for the keys again and again', async () => {
    const asked = (): number => forger.asked.filter((path) => path === '/keys').length;
    await token({ idToken: await forger.sign(forger.claims()) });
    const before = asked();
    for (let n = 0; n < 5; n++) {
      const idToken = await forger.sign(forger.claims(), { kid: `unknown-${n}` });
      expectProblem(await token({ idToken }), 401, 'OAUTH_REFUSED');
    }
    expect(asked() - before).toBeLessThanOrEqual(1);
  });

  it.each([
    ['an empty text', ''],
    ['a number', 1],
    ['an object', {}],
    ['a text without end', 'x'.repeat(8193)],
  ])('is not even looked at where it is %s', async (_, idToken) => {
    expectInvalid(await token({ idToken }), 'idToken');
  });

  it('finds no other field to come in by', async () => {
    const idToken = await forger.sign(forger.claims());
    expectInvalid(await token({ idToken, role: 'admin', emailVerified: true }), 'role', 'emailVerified');
    const fields = { birthDate: 'x', acceptTerms: 'yes', newsletter: 1, email: 'x', firstName: '<', secondFactor: 1 };
    expectInvalid(await token({ idToken, ...fields }), ...Object.keys(fields));
  });
});

describe('While Google fails', () => {
  let forger: GoogleForger;
  let app: SocialApp;
  let start: string;

  beforeEach(async () => {
    forger = await GoogleForger.start(GOOGLE_CLIENT.clientId);
    app = await startSocialApp({ google: googleConfig(forger.issuer), providerTimeoutMs: 1000 });
    start = `${app.test.client.url}/v1/auth/google`;
  });
  afterEach(async () => {
    await app.stop();
    await forger.stop();
  });

  const comesBack = () => new ScriptedBrowser().visit(start, { stopAt: isWebClient });
  const token = (idToken: string) =>
    app.test.client.post<SessionBody & ProblemBody>('/v1/auth/google/token', { idToken, ...COMPLETION });

  it.each<[string, (forger: GoogleForger) => Promise<void> | void]>([
    ['is away', (google) => google.stop()],
    ['is slow', (google) => void (google.delayMs = 2500)],
    ['is broken', (google) => void google.broken.set('/.well-known/openid-configuration', 500)],
    ['has moved', (google) => void google.broken.set('/.well-known/openid-configuration', 404)],
  ])('nobody can begin, and nothing else suffers: it %s', async (_, fail) => {
    const idToken = await forger.sign(forger.claims());
    await fail(forger);
    await expectNothingLeft(app.test, async () => {
      const answer = await app.test.client.get('/v1/auth/google');
      expectProblem(answer, 503, 'OAUTH_UNAVAILABLE');
      expect(answer.headers.get('retry-after')).toBe('30');
      expect(answer.headers.getSetCookie()).toEqual([]);
      expectProblem(await token(idToken), 503, 'OAUTH_UNAVAILABLE');
    });
    expect((await app.test.client.get('/health')).status).toBe(200);
    expect((await fetch(`${app.test.client.url}/v1/auth/facebook`, { redirect: 'manual' })).status).toBe(302);
    const lines = app.test.logLines().filter(({ msg }) => msg === 'A provider of sign-ins failed');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({
      level: 'warn',
      errorCode: 'OAUTH_UNAVAILABLE',
      provider: 'google',
      reason: expect.stringMatching(/\w/) as string,
    });
    expect(app.test.logLines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is asked again when it is well: no failure is kept', async () => {
    const idToken = await forger.sign(forger.claims());
    forger.broken.set('/.well-known/openid-configuration', 503);
    expectProblem(await token(idToken), 503, 'OAUTH_UNAVAILABLE');
    forger.broken.clear();
    forger.broken.set('/keys', 503);
    expectProblem(await token(idToken), 503, 'OAUTH_UNAVAILABLE');
    expect((await comesBack()).url.href).toBe(`${RETURN_URL}#error=OAUTH_UNAVAILABLE`);
    forger.broken.clear();
    expect((await token(idToken)).status).toBe(200);
    expect(fragmentOf(await comesBack())).toHaveProperty('code');
    const discoveries = forger.asked.filter((path) => path.startsWith('/.well-known'));
    expect(discoveries).toHaveLength(2);
  });

  it.each<[string, (forger: GoogleForger) => void]>([
    ['is broken', (google) => void google.broken.set('/token', 500)],
    ['wants no more for now', (google) => void google.broken.set('/token', 429)],
  ])('sends whoever comes back on with the reason: it %s', async (_, fail) => {
    fail(forger);
    await expectNothingLeft(app.test, async () => {
      expect((await comesBack()).url.href).toBe(`${RETURN_URL}#error=OAUTH_UNAVAILABLE`);
    });
  });

  it('waits no longer for the code’s exchange than for anything else', async () => {
    const browser = new ScriptedBrowser();
    const atDoor = await browser.visit(start, { stopAt: ({ pathname }) => pathname.endsWith('/callback') });
    forger.delayMs = 2500;
    await expectNothingLeft(app.test, async () => {
      const page = await browser.visit(atDoor.url, { stopAt: isWebClient });
      expect(page.url.href).toBe(`${RETURN_URL}#error=OAUTH_UNAVAILABLE`);
    });
  });

  it('says that it is Google’s fault where Google refuses our own credentials', async () => {
    forger.broken.set('/token', 401);
    forger.errorCode = 'invalid_client';
    expect((await comesBack()).url.href).toBe(`${RETURN_URL}#error=OAUTH_UNAVAILABLE`);
    expect(app.test.logLines().at(-2)).toMatchObject({
      level: 'warn',
      reason: expect.stringMatching(/invalid_client/) as string,
    });
  });
});
