import { SignJWT } from 'jose';
import { derivedKey } from '@tiptop/platform';
import { googlePerson } from '../support/google-provider';
import { expectInvalid, expectProblem } from '../support/problem';
import { type Page, ScriptedBrowser } from '../support/scripted-browser';
import {
  COMPLETION,
  exchange,
  expectNothingLeft,
  fragmentOf,
  isWebClient,
  RETURN_URL,
  type SocialApp,
  startSocialApp,
  throughProvider,
} from '../support/social-app';

const REFUSED = `${RETURN_URL}#error=OAUTH_REFUSED`;

describe('Coming back from a provider', () => {
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

  /** A person who has signed in at the provider, a moment before their browser follows it back. */
  async function atTheDoor(
    provider: 'google' | 'facebook' = 'google',
  ): Promise<{ browser: ScriptedBrowser; url: URL }> {
    const browser = new ScriptedBrowser();
    const { url } = await throughProvider(app, browser, provider, {
      stopAt: ({ pathname }) => pathname.endsWith('/callback'),
    });
    return { browser, url };
  }

  const enter = (browser: ScriptedBrowser, url: URL | string): Promise<Page> =>
    browser.visit(url, { stopAt: isWebClient });

  function changed(url: URL, change: (query: URLSearchParams) => void): URL {
    const copy = new URL(url);
    change(copy.searchParams);
    return copy;
  }

  it('works once', async () => {
    const { browser, url } = await atTheDoor();
    expect(fragmentOf(await enter(browser, url))).toHaveProperty('code');
    await expectNothingLeft(app.test, async () => {
      expect((await enter(browser, url)).url.href).toBe(REFUSED);
    });
  });

  it('works once even for a browser that keeps its cookie', async () => {
    const { browser, url } = await atTheDoor();
    const kept = [...browser.cookies];
    expect(fragmentOf(await enter(browser, url))).toHaveProperty('code');
    browser.cookies.push(...kept);
    await expectNothingLeft(app.test, async () => {
      const asked = (): Promise<unknown> => app.test.database.query('SELECT FROM sign_in_codes');
      const before = await asked();
      expect((await enter(browser, url)).url.href).toBe(REFUSED);
      expect(await asked()).toEqual(before);
    });
    expect(app.test.logLines().at(-2)).toMatchObject({ reason: 'The state came back before' });
  });

  it('works once for two who come at the same moment', async () => {
    const { browser, url } = await atTheDoor();
    const twin = new ScriptedBrowser();
    twin.cookies.push(...browser.cookies);
    const pages = await Promise.all([enter(browser, url), enter(twin, url)]);
    expect(pages.map((page) => Object.keys(fragmentOf(page))[0]).sort()).toEqual(['code', 'error']);
  });

  it.each<[string, (query: URLSearchParams) => void]>([
    [
      'without a state',
      (query) => {
        query.delete('state');
      },
    ],
    [
      'with an empty state',
      (query) => {
        query.set('state', '');
      },
    ],
    [
      'with another state',
      (query) => {
        query.set('state', 'x'.repeat(43));
      },
    ],
    [
      'with two states',
      (query) => {
        query.append('state', query.get('state') ?? '');
      },
    ],
    [
      'with neither code nor error',
      (query) => {
        query.delete('code');
      },
    ],
    [
      'with a code that Google did not issue',
      (query) => {
        query.set('code', 'made-up');
      },
    ],
    [
      'from another issuer',
      (query) => {
        query.set('iss', 'https://issuer.example');
      },
    ],
  ])('is refused %s', async (_, change) => {
    const { browser, url } = await atTheDoor();
    await expectNothingLeft(app.test, async () => {
      expect((await enter(browser, changed(url, change))).url.href).toBe(REFUSED);
      const answer = await browser.visit(changed(url, change), { accept: 'application/json' });
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([401, { code: 'OAUTH_REFUSED' }]);
    });
  });

  it('is refused to another browser, which leaves it to the one that began it', async () => {
    const { browser, url } = await atTheDoor();
    await expectNothingLeft(app.test, async () => {
      expect((await enter(new ScriptedBrowser(), url)).url.href).toBe(REFUSED);
    });
    expect(fragmentOf(await enter(browser, url))).toHaveProperty('code');
  });

  it('is refused to another browser that has begun a sign-in of its own', async () => {
    const [theirs, mine] = [await atTheDoor(), await atTheDoor()];
    await expectNothingLeft(app.test, async () => {
      // A link that would sign somebody in as the attacker, whole and with only its code put in.
      expect((await enter(mine.browser, theirs.url)).url.href).toBe(REFUSED);
      const injected = changed(mine.url, (query) => {
        query.set('code', theirs.url.searchParams.get('code') ?? '');
      });
      expect((await enter(mine.browser, injected)).url.href).toBe(REFUSED);
    });
  });

  it('is refused ten minutes after it began', async () => {
    const { browser, url } = await atTheDoor();
    app.test.clock.moveBy(10 * 60_000 + 1000);
    await expectNothingLeft(app.test, async () => {
      expect((await enter(browser, url)).url.href).toBe(REFUSED);
    });
  });

  it('is refused at the callback of the other provider, which does not use it up', async () => {
    const { browser, url } = await atTheDoor('facebook');
    const misled = new URL(url.href.replace('/facebook/', '/google/'));
    for (const cookie of browser.cookies) cookie.path = '/';
    await expectNothingLeft(app.test, async () => {
      expect((await enter(browser, misled)).url.href).toBe(REFUSED);
    });
    expect(fragmentOf(await enter(browser, url))).toHaveProperty('code');
  });

  it('is refused with the cookie of another attempt of the same browser under its name', async () => {
    const { browser, url } = await atTheDoor();
    const start = `${app.test.client.url}/v1/auth/google`;
    await browser.visit(start, { stopAt: ({ origin }) => origin === app.google.issuer });
    const [first, second] = browser.cookies.filter(({ path }) => path === '/v1/auth/google');
    if (!first || !second) throw new Error('There are not two cookies');
    [first.value, second.value] = [second.value, first.value];
    await expectNothingLeft(app.test, async () => {
      expect((await enter(browser, url)).url.href).toBe(REFUSED);
    });
    // Neither is used up.
    expect(browser.cookies.filter(({ path }) => path === '/v1/auth/google')).toEqual([first, second]);
    [first.value, second.value] = [second.value, first.value];
    expect(fragmentOf(await enter(browser, url))).toHaveProperty('code');
  });

  it.each([
    ['changed', (token: string) => `${token.slice(0, -6)}AAAAAA`],
    ['unsigned', (token: string) => `eyJhbGciOiJub25lIn0.${token.split('.')[1] ?? ''}.`],
    ['empty', () => ''],
  ])('is refused with a cookie that is %s', async (_, forge) => {
    const { browser, url } = await atTheDoor();
    for (const cookie of browser.cookies) cookie.value = forge(cookie.value);
    await expectNothingLeft(app.test, async () => {
      expect((await enter(browser, url)).url.href).toBe(REFUSED);
    });
  });

  it('is refused with a cookie that another key of ours has signed', async () => {
    const { browser, url } = await atTheDoor();
    const claims = {
      state: url.searchParams.get('state'),
      returnUrl: 'https://evil.example/',
      codeVerifier: 'x'.repeat(43),
    };
    const forge = (key: Uint8Array): Promise<string> =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setAudience('google').setExpirationTime('5m').sign(key);
    const { accountSecret, jwtSecret } = app.test.config;
    const own = browser.cookies.find(({ path }) => path === '/v1/auth/google');
    if (!own) throw new Error('There is no cookie');
    for (const key of [Buffer.from(jwtSecret), Buffer.from(accountSecret), derivedKey(jwtSecret, 'oauth state')]) {
      own.value = await forge(key);
      expect((await enter(browser, url)).url.href).toBe(REFUSED);
    }
    // The right key would do: the refusals above are for the key's sake.
    own.value = await forge(derivedKey(accountSecret, 'oauth state'));
    expect((await browser.visit(url, { stopAt: ({ hostname }) => hostname === 'evil.example' })).url.href).toMatch(
      /evil.example/,
    );
  });

  it('tells nothing of what came back to the log', async () => {
    const secrets = ['whispered'];
    for (const name of ['error', 'error_description', 'code']) {
      const { browser, url } = await atTheDoor();
      secrets.push(...[...url.searchParams.values()].filter((text) => !text.startsWith('http')));
      const told = changed(url, (query) => {
        query.set(name, 'whispered, to nobody');
      });
      await enter(browser, told);
    }
    const log = JSON.stringify(app.test.logLines());
    expect(secrets).toHaveLength(7);
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
  });

  it('keeps what it must remember of states no longer than they could come back', async () => {
    const first = await atTheDoor();
    await enter(first.browser, first.url);
    app.test.clock.moveBy(3_600_000);
    const second = await atTheDoor();
    await enter(second.browser, second.url);
    expect(await app.test.database.query('SELECT FROM spent_states')).toHaveLength(1);
  });

  describe('Where to in the end', () => {
    it.each([
      ['another origin', 'https://evil.example/signed-in'],
      ['a longer host', 'https://www.the-tip-top.example.evil.example/signed-in'],
      ['a host that ends alike', 'https://evilwww.the-tip-top.example/signed-in'],
      ['a user’s name', 'https://www.the-tip-top.example@evil.example/signed-in'],
      ['a user’s name before the right host', 'https://evil@www.the-tip-top.example/signed-in'],
      ['no scheme', '//evil.example/signed-in'],
      ['no scheme, backslashes', '\\\\evil.example/signed-in'],
      ['three slashes', '///evil.example'],
      ['a backslash', 'https://evil.example\\@www.the-tip-top.example/signed-in'],
      ['the right one with backslashes', 'https:\\\\www.the-tip-top.example\\signed-in'],
      ['an encoded host', 'https://www.the-tip-top.example%2F@evil.example/signed-in'],
      ['encoded letters', 'https://www.the-tip-top.example/signed%2Din'],
      ['an encoded address', 'https%3A%2F%2Fevil.example'],
      ['a way up', 'https://www.the-tip-top.example/signed-in/../evil'],
      ['a way up to the right one', 'https://www.the-tip-top.example/x/../signed-in'],
      ['an encoded way up', 'https://www.the-tip-top.example/signed-in/%2e%2e/evil'],
      ['a longer path', 'https://www.the-tip-top.example/signed-in/evil'],
      ['a slash more', 'https://www.the-tip-top.example/signed-in/'],
      ['a shorter path', 'https://www.the-tip-top.example/'],
      ['a query', 'https://www.the-tip-top.example/signed-in?next=https://evil.example'],
      ['a fragment', 'https://www.the-tip-top.example/signed-in#x'],
      ['another port', 'https://www.the-tip-top.example:8443/signed-in'],
      ['another scheme', 'http://www.the-tip-top.example/signed-in'],
      ['another letter’s case', 'https://www.the-tip-top.example/Signed-In'],
      ['a script', 'javascript:alert(1)//https://www.the-tip-top.example/signed-in'],
      ['data', 'data:text/html,https://www.the-tip-top.example/signed-in'],
      ['a path', '/signed-in'],
      ['spaces around', ' https://www.the-tip-top.example/signed-in '],
      ['a line break', 'https://www.the-tip-top.example/signed-in\r\nLocation: https://evil.example'],
      ['a tab within', 'https://www.the-tip-top.exam\tple/signed-in'],
      ['a letter that looks alike', 'https://www.the-tip-tоp.example/signed-in'],
      ['nothing', ''],
    ])('is never %s', async (_, returnUrl) => {
      for (const provider of ['google', 'facebook']) {
        const answer = await app.test.client.get(`/v1/auth/${provider}?returnUrl=${encodeURIComponent(returnUrl)}`);
        expectProblem(answer, 400, 'RETURN_URL_NOT_ALLOWED');
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
    });

    it('is said once', async () => {
      const url = encodeURIComponent(RETURN_URL);
      expectInvalid(
        await app.test.client.get(`/v1/auth/google?returnUrl=${url}&returnUrl=https://evil.example`),
        'returnUrl',
      );
    });

    it('is not the callback’s to choose', async () => {
      const { browser, url } = await atTheDoor();
      const misled = changed(url, (query) => {
        query.set('returnUrl', 'https://evil.example/');
      });
      expect((await enter(browser, misled)).url.href).toMatch(new RegExp(`^${RETURN_URL}#code=`));
      expect((await enter(browser, misled)).url.href).toBe(REFUSED);
    });

    it('is not changed by the Host that a request claims', async () => {
      const { headers } = await fetch(`${app.test.client.url}/v1/auth/google`, {
        redirect: 'manual',
        headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
      });
      const target = new URL(headers.get('location') ?? '');
      expect(target.searchParams.get('redirect_uri')).toBe(`${app.test.client.url}/v1/auth/google/callback`);
    });
  });

  it.each(['short', 'x'.repeat(44), `${'x'.repeat(42)}=`])('takes no challenge that is none: %s', async (challenge) => {
    expectInvalid(await app.test.client.get(`/v1/auth/google?challenge=${challenge}`), 'challenge');
  });

  it('still signs in, after all this', async () => {
    const { browser, url } = await atTheDoor();
    expect((await exchange(app, await enter(browser, url), COMPLETION)).status).toBe(200);
  });
});
