import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AppConfigValues } from '@tiptop/platform';
import type { ApiResponse } from './api-client';
import type { ProblemBody, SessionBody } from './builders';
import { FACEBOOK_APP, FacebookServer } from './facebook-server';
import { GOOGLE_CLIENT, GOOGLE_MOBILE_CLIENT, GoogleProvider } from './google-provider';
import { startDocumentedApp } from './openapi-match';
import type { Page, ScriptedBrowser, VisitOptions } from './scripted-browser';
import type { TestApp } from './test-app';

export const RETURN_URL = 'https://www.the-tip-top.example/signed-in';
export const OTHER_RETURN_URL = 'https://admin.the-tip-top.example/signed-in';

/** The service with both providers beside it. */
export interface SocialApp {
  test: TestApp;
  google: GoogleProvider;
  facebook: FacebookServer;
  stop: () => Promise<void>;
}

/** Settings of sign-ins with a provider at an issuer; other settings of the service stay as they are. */
export function googleConfig(issuer: string): NonNullable<AppConfigValues['google']> {
  return { ...GOOGLE_CLIENT, issuer, mobileClientIds: [GOOGLE_MOBILE_CLIENT] };
}

export function facebookConfig(
  server: Pick<FacebookServer, 'dialogUrl' | 'graphUrl'>,
): NonNullable<AppConfigValues['facebook']> {
  const { dialogUrl, graphUrl } = server;
  return { ...FACEBOOK_APP, dialogUrl, graphUrl };
}

/** @param host by which the providers are called */
export async function startSocialApp(overrides: Partial<AppConfigValues> = {}, host?: string): Promise<SocialApp> {
  const port = await findOwnPort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const google = await GoogleProvider.start(`${publicUrl}/v1/auth/google/callback`, host);
  const facebook = await FacebookServer.start(host);
  const test = await startDocumentedApp({
    config: {
      port,
      publicUrl,
      google: googleConfig(google.issuer),
      facebook: facebookConfig(facebook),
      webReturnUrls: [RETURN_URL, OTHER_RETURN_URL],
      ...overrides,
    },
  });
  return {
    test,
    google,
    facebook,
    stop: async () => {
      await test.stop();
      await google.stop();
      await facebook.stop();
    },
  };
}

/** Whether an address is the web client's, which nobody serves. */
export function isWebClient({ hostname }: URL): boolean {
  return hostname.endsWith('the-tip-top.example');
}

/** Begins a sign-in, presses a button at the provider, and stops where the browser is sent in the end. */
export async function throughProvider(
  { test }: Pick<SocialApp, 'test'>,
  browser: ScriptedBrowser,
  provider: 'google' | 'facebook',
  { query = '', button = 'continue', ...options }: VisitOptions & { query?: string; button?: string } = {},
): Promise<Page> {
  const login = await browser.visit(`${test.client.url}/v1/auth/${provider}${query}`);
  return browser.submit(login, button, { stopAt: isWebClient, ...options });
}

/** What the fragment of an address says. */
export function fragmentOf({ url }: Pick<Page, 'url'>): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(url.hash.slice(1)));
}

export interface TrustCounts {
  users: number;
  identities: number;
  sessions: number;
}

/** How many accounts, identities and sessions there are. */
export async function trustCounts({ database }: TestApp): Promise<TrustCounts> {
  const [row] = await database.query<TrustCounts[]>(
    `SELECT (SELECT count(*) FROM users)::int AS users, (SELECT count(*) FROM identities)::int AS identities,
            (SELECT count(*) FROM sessions)::int AS sessions`,
  );
  if (!row) throw new Error('No row');
  return row;
}

/** Asserts that some work leaves no account, no identity and no session behind. */
export async function expectNothingLeft<T>(test: TestApp, work: () => Promise<T>): Promise<T> {
  const before = await trustCounts(test);
  const result = await work();
  expect(await trustCounts(test)).toEqual(before);
  return result;
}

/** What a first sign-in adds to what a provider tells. */
export const COMPLETION = { birthDate: '1990-05-17', acceptTerms: true };

/** Exchanges the code of an address that a sign-in ended at. */
export async function exchange(
  { test }: Pick<SocialApp, 'test'>,
  page: Pick<Page, 'url'>,
  body: object = {},
): Promise<ApiResponse<SessionBody & ProblemBody>> {
  return test.client.post('/v1/auth/exchange', { code: fragmentOf(page).code, ...body });
}

/** The kinds of the letters that wait for somebody. */
export async function lettersTo({ database }: TestApp, userId: string): Promise<string[]> {
  const rows = await database.query<{ kind: string }[]>(
    'SELECT kind FROM letters WHERE user_id = $1 ORDER BY created_at',
    [userId],
  );
  return rows.map(({ kind }) => kind);
}

/** Below those that the system gives to whoever asks for any. */
const PORTS = [20_000, 32_000] as const;

/** A port that nobody listens on, and nobody is given by chance before it is used: the provider knows it before the service. */
async function findOwnPort(): Promise<number> {
  for (;;) {
    const port = randomInt(...PORTS);
    const server = createServer();
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      throw error;
    }
    await once(server.close(), 'close');
    return port;
  }
}
