import type { Server } from 'node:http';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { createContest, PASSWORD, registerCustomer, unplayedCodes } from '../support/builders';
import { facebookPerson } from '../support/facebook-server';
import { googlePerson } from '../support/google-provider';
import { listenOnLoopback, stopServer } from '../support/loopback-server';
import { ScriptedBrowser } from '../support/scripted-browser';
import { type SocialApp, startSocialApp, throughProvider } from '../support/social-app';

// Chromium calls home at its start, which a closed network refuses many times over.
const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The smallest web client: signs in by form, or with a provider and a challenge of its own, completes a first sign-in, plays a code. */
const webClient = (api: string): string => `<!doctype html><meta charset="utf-8"><title>Web client</title>
  <a id="google">Google</a> <a id="facebook">Facebook</a>
  <form id="login"><input name="email"><input name="password" type="password"><button>Sign in</button></form>
  <form id="completion" hidden><input name="birthDate"><input name="acceptTerms" type="checkbox"><button>OK</button></form>
  <form id="play" hidden><input name="code"><button>Play</button></form>
  <p id="who"></p><p id="prize"></p><p id="error"></p>
  <script type="module">
    const api = ${JSON.stringify(api)};
    const byId = (id) => document.getElementById(id);
    const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
    const post = async (path, body, token) => {
      const headers = { 'content-type': 'application/json', ...(token ? { authorization: 'Bearer ' + token } : {}) };
      const response = await fetch(api + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: response.status, body: await response.json() };
    };
    let session;
    const exchange = async (code, completion) => {
      const answer = await post('/v1/auth/exchange', { code, verifier: sessionStorage.verifier, ...completion });
      byId('completion').hidden = answer.body.code !== 'PROFILE_INCOMPLETE';
      show(answer);
    };
    const show = (answer) => {
      if (answer.status !== 200) { byId('error').textContent = answer.body.code; return; }
      session = answer.body;
      byId('error').textContent = '';
      byId('who').textContent = session.user.firstName + ' ' + session.user.lastName;
      byId('play').hidden = false;
    };
    byId('login').onsubmit = async (event) => {
      event.preventDefault();
      const { email, password } = event.target;
      show(await post('/v1/auth/login', { email: email.value, password: password.value }));
    };
    byId('play').onsubmit = async (event) => {
      event.preventDefault();
      const answer = await post('/v1/tickets/play', { code: event.target.code.value }, session.accessToken);
      byId('prize').textContent = answer.body.prize ? answer.body.prize.name : answer.body.code;
    };
    const told = new URLSearchParams(location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
    if (told.get('error')) byId('error').textContent = told.get('error');
    if (told.get('code')) {
      byId('completion').onsubmit = (event) => {
        event.preventDefault();
        const { birthDate, acceptTerms } = event.target;
        void exchange(told.get('code'), { birthDate: birthDate.value, acceptTerms: acceptTerms.checked });
      };
      await exchange(told.get('code'), {});
    } else {
      sessionStorage.verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(sessionStorage.verifier));
      for (const provider of ['google', 'facebook'])
        byId(provider).href = api + '/v1/auth/' + provider + '?challenge=' + base64url(new Uint8Array(digest));
    }
    document.documentElement.dataset.ready = 'yes';
  </script>`;

describe('Signing in from a web client on another site, in a browser', () => {
  let app: SocialApp;
  let server: Server;
  let home: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const seen: string[] = [];

  beforeAll(async () => {
    let html = '';
    // The web client and the providers are on another site than the service, as they are in the world.
    const web = await listenOnLoopback((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(html);
    }, 'localhost');
    ({ server, url: home } = web);
    app = await startSocialApp({ webReturnUrls: [`${home}/signed-in`], corsOrigins: [home] }, 'localhost');
    html = webClient(app.test.client.url);
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM_ARGUMENTS });
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    page.on('request', (request) => seen.push(request.url()));
  });
  afterEach(async () => {
    await context.close();
  });
  afterAll(async () => {
    await browser.close();
    await app.stop();
    await stopServer(server);
  });

  async function signIn(provider: 'google' | 'facebook', button: 'continue' | 'cancel' = 'continue'): Promise<void> {
    await page.goto(`${home}/`);
    await page.locator('html[data-ready=yes]').waitFor();
    await page.locator(`#${provider}`).click();
    await page.locator(`button[value=${button}]`).click();
    await page.waitForURL(`${home}/signed-in`);
    await page.locator('html[data-ready=yes]').waitFor();
  }

  const text = (id: string): Promise<string> => page.locator(`#${id}`).innerText();

  /** Plays a code on the page, and compares what it shows with what was won. */
  async function playOnPage(): Promise<void> {
    const [code = ''] = await unplayedCodes(app.test, await createContest(app.test), 1);
    await page.locator('[name=code]').fill(code);
    await page.locator('#play button').click();
    await page.locator('#prize:not(:empty)').waitFor();
    const [played] = await app.test.database.query<{ name: string }[]>(
      'SELECT p.name FROM tickets t JOIN prizes p ON p.id = t.prize_id WHERE t.code = $1',
      [code],
    );
    expect(await text('prize')).toBe(played?.name);
  }

  it('a person comes in by form and plays; a wrong password is told', async () => {
    const { user } = await registerCustomer(app.test, { firstName: 'Inès', lastName: 'Faure' });
    const signInByForm = async (password: string): Promise<void> => {
      await page.locator('[name=email]').fill(user.email);
      await page.locator('[name=password]').fill(password);
      await page.locator('#login button').click();
    };
    await page.goto(`${home}/`);
    await page.locator('html[data-ready=yes]').waitFor();
    await signInByForm('not-the-password-of-ines');
    await page.locator('#error:not(:empty)').waitFor();
    expect(await text('error')).toBe('INVALID_CREDENTIALS');
    await signInByForm(PASSWORD);
    await page.locator('#play').waitFor();
    expect(await text('who')).toBe('Inès Faure');
    await playOnPage();
  });

  it.each(['google', 'facebook'] as const)(
    'a new person comes in with %s, completes their profile and plays',
    async (provider) => {
      app.google.person = googlePerson();
      app.facebook.person = facebookPerson();
      const who = provider === 'google' ? 'Odile Quentin' : 'Fabien Leroy';
      await signIn(provider);
      expect(await text('error')).toBe('PROFILE_INCOMPLETE');
      await page.locator('[name=birthDate]').fill('1990-05-17');
      await page.locator('[name=acceptTerms]').check();
      await page.locator('#completion button').click();
      await page.locator('#play').waitFor();
      expect(await text('who')).toBe(who);
      await playOnPage();

      // The second time nothing is asked.
      await context.clearCookies();
      await signIn(provider);
      expect(await text('who')).toBe(who);
      expect(await text('error')).toBe('');
    },
  );

  it('a person who cancels is told so by the web client', async () => {
    for (const provider of ['google', 'facebook'] as const) {
      await context.clearCookies();
      await signIn(provider, 'cancel');
      expect(await text('error')).toBe('OAUTH_REFUSED');
    }
  });

  it('a link that somebody else’s sign-in ended at signs nobody in', async () => {
    app.google.person = googlePerson();
    const { url } = await throughProvider(app, new ScriptedBrowser(), 'google', {
      stopAt: ({ pathname }) => pathname.endsWith('/callback'),
    });
    await page.goto(url.href);
    await page.waitForURL(`${home}/signed-in`);
    await page.locator('html[data-ready=yes]').waitFor();
    expect(await text('error')).toBe('OAUTH_REFUSED');
    expect(await text('who')).toBe('');
  });

  it('no token and no code of ours has stood in an address that a server sees', () => {
    expect(seen.filter((url) => url.includes('/callback?')).length).toBeGreaterThan(3);
    const sent = seen
      .map((url) => url.replace(/#.*$/s, ''))
      .filter((url) => url.startsWith(home) || !url.includes('/callback?'));
    expect(sent.filter((url) => /[?&](code|token|access_token|id_token|refresh)=/.test(url))).toEqual([]);
  });
});
