import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { challengeOf, loginPage } from './google-provider';
import { formOf, listenOnLoopback, stopServer } from './loopback-server';

export interface FacebookPerson {
  id: string;
  first_name?: string;
  last_name?: string;
  email?: string;
}

/** A person at Facebook, different each time. */
export function facebookPerson(overrides: Partial<FacebookPerson> = {}): FacebookPerson {
  const mark = randomBytes(6).toString('hex');
  return {
    id: BigInt(`0x${mark}`).toString(),
    first_name: 'Fabien',
    last_name: 'Leroy',
    email: `fabien.${mark}@facebook.example`,
    ...overrides,
  };
}

export const FACEBOOK_APP = { appId: '1234567890', appSecret: 'a-secret-of-the-facebook-app' };

/** What the debug endpoint says of a token. */
export type TokenFacts = Record<string, unknown>;

/** Facebook's dialog, token, debug_token and me endpoints. Whoever signs in is `person`. */
export class FacebookServer {
  person: FacebookPerson = facebookPerson();
  /** Answers instead of the usual ones, by path: status and body. */
  readonly broken = new Map<string, { status: number; body: unknown }>();
  delayMs = 0;
  private readonly tokens = new Map<string, { person: FacebookPerson; facts: TokenFacts }>();
  private readonly codes = new Map<string, { person: FacebookPerson; redirectUri: string; challenge: string }>();

  private constructor(
    readonly url: string,
    readonly stop: () => Promise<void>,
  ) {}

  static async start(host?: string): Promise<FacebookServer> {
    const started: { facebook?: FacebookServer } = {};
    const { server, url } = await listenOnLoopback(async (request, response) => {
      await started.facebook?.answer(request, response);
    }, host);
    started.facebook = new FacebookServer(url, () => stopServer(server));
    return started.facebook;
  }

  get dialogUrl(): string {
    return `${this.url}/dialog/oauth`;
  }

  get graphUrl(): string {
    return `${this.url}/graph`;
  }

  /** A token as the mobile client gets it. @param facts that differ from a good token's */
  accessToken(facts: TokenFacts = {}, person = this.person): string {
    const token = `EAAG${randomBytes(40).toString('hex')}`;
    const seconds = Math.floor(Date.now() / 1000);
    this.tokens.set(token, {
      person,
      facts: {
        app_id: FACEBOOK_APP.appId,
        type: 'USER',
        is_valid: true,
        expires_at: seconds + 3600,
        user_id: person.id,
        scopes: ['email', 'public_profile'],
        ...facts,
      },
    });
    return token;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (this.delayMs > 0) await sleep(this.delayMs, undefined, { ref: false });
    if (pathname === '/dialog/oauth') {
      await this.dialog(request, searchParams, response);
      return;
    }
    const path = pathname.replace(/^\/graph/, '');
    const { status, body } = this.broken.get(path) ?? (await this.graph(path, searchParams, request));
    response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body));
  }

  private async dialog(request: IncomingMessage, query: URLSearchParams, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(loginPage('Facebook', request.url ?? ''));
      return;
    }
    const cancelled = (await formOf(request)).get('button') === 'cancel';
    const back = new URL(query.get('redirect_uri') ?? '');
    const state = query.get('state') ?? '';
    const code = randomBytes(16).toString('hex');
    const challenge = query.get('code_challenge') ?? '';
    this.codes.set(code, { person: this.person, redirectUri: back.href, challenge });
    back.search = new URLSearchParams(
      cancelled ? { error: 'access_denied', error_reason: 'user_denied', state } : { code, state },
    ).toString();
    // Facebook's own peculiarity.
    back.hash = '_=_';
    response.writeHead(302, { location: back.href }).end();
  }

  private async graph(
    path: string,
    query: URLSearchParams,
    request: IncomingMessage,
  ): Promise<{ status: number; body: unknown }> {
    if (path === '/oauth/access_token') return this.exchange(await formOf(request));
    if (path === '/debug_token') {
      const { appId, appSecret } = FACEBOOK_APP;
      if (query.get('access_token') !== `${appId}|${appSecret}`) return refusal(190, 'Invalid app token');
      const facts = this.tokens.get(query.get('input_token') ?? '')?.facts;
      return { status: 200, body: { data: facts ?? { is_valid: false, error: { code: 190 } } } };
    }
    if (path !== '/me') return { status: 404, body: {} };
    const token = query.get('access_token') ?? '';
    const proof = createHmac('sha256', FACEBOOK_APP.appSecret).update(token).digest('hex');
    if (query.get('appsecret_proof') !== proof) return refusal(100, 'Invalid appsecret_proof');
    const person = this.tokens.get(token)?.person;
    return person ? { status: 200, body: person } : refusal(190, 'Invalid token');
  }

  private exchange(form: URLSearchParams): { status: number; body: unknown } {
    const held = this.codes.get(form.get('code') ?? '');
    this.codes.delete(form.get('code') ?? '');
    const { appId, appSecret } = FACEBOOK_APP;
    const isClient = form.get('client_id') === appId && form.get('client_secret') === appSecret;
    const challenge = challengeOf(form.get('code_verifier') ?? '');
    const isAttempt = held?.redirectUri === form.get('redirect_uri') && held.challenge === challenge;
    if (!held || !isClient || !isAttempt) return refusal(100, 'Invalid verification code');
    const token = this.accessToken({}, held.person);
    return { status: 200, body: { access_token: token, token_type: 'bearer', expires_in: 5_183_944 } };
  }
}

function refusal(code: number, message: string): { status: number; body: unknown } {
  return { status: 400, body: { error: { message, type: 'OAuthException', code } } };
}
