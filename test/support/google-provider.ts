import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { formOf, listenOnLoopback, stopServer } from './loopback-server';
import { ScriptedBrowser } from './scripted-browser';

export interface GooglePerson {
  sub: string;
  email?: string;
  email_verified?: boolean;
  given_name?: string;
  family_name?: string;
}

/** A person at Google, different each time. */
export function googlePerson(overrides: Partial<GooglePerson> = {}): GooglePerson {
  const mark = randomBytes(6).toString('hex');
  return {
    sub: `1${BigInt(`0x${mark}`).toString()}`,
    email: `odile.${mark}@gmail.example`,
    email_verified: true,
    given_name: 'Odile',
    family_name: 'Quentin',
    ...overrides,
  };
}

export const GOOGLE_CLIENT = { clientId: 'tiptop-web', clientSecret: 'a-secret-of-the-web-client' };
export const GOOGLE_MOBILE_CLIENT = 'tiptop-android';
const MOBILE_RETURN = 'https://app.the-tip-top.example/oauth';

/** A certified OpenID provider (npm oidc-provider) that plays Google's part. Whoever signs in is `person`. */
export class GoogleProvider {
  person: GooglePerson = googlePerson();
  private readonly people = new Map<string, GooglePerson>();

  private constructor(
    readonly issuer: string,
    private readonly shutDown: () => Promise<void>,
  ) {}

  /** @param callback the service's redirect URI */
  static async start(callback: string, host?: string): Promise<GoogleProvider> {
    let answer = (_: IncomingMessage, response: ServerResponse): Promise<void> => {
      response.writeHead(503).end();
      return Promise.resolve();
    };
    const { server, url } = await listenOnLoopback((request, response) => answer(request, response), host);
    const google = new GoogleProvider(url, () => stopServer(server));
    // It warns that it keeps everything in memory, which is the purpose here.
    const quiet = jest.spyOn(console, 'warn').mockImplementation();
    const provider = await google.createProvider(callback);
    quiet.mockRestore();
    const handle = provider.callback();
    answer = async (request, response) => {
      if (request.url?.startsWith('/interaction/')) await google.interact(provider, request, response);
      else await handle(request, response);
    };
    return google;
  }

  async stop(): Promise<void> {
    await this.shutDown();
  }

  /** An ID token as the mobile client gets it, by its own sign-in. */
  async idToken(nonce?: string): Promise<string> {
    const verifier = randomBytes(32).toString('base64url');
    const browser = new ScriptedBrowser();
    const query = new URLSearchParams({
      client_id: GOOGLE_MOBILE_CLIENT,
      response_type: 'code',
      scope: 'openid email profile',
      redirect_uri: MOBILE_RETURN,
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      ...(nonce === undefined ? {} : { nonce }),
    });
    const login = await browser.visit(`${this.issuer}/auth?${query.toString()}`);
    const { url } = await browser.submit(login, 'continue', {
      stopAt: ({ href }) => href.startsWith(MOBILE_RETURN),
    });
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: GOOGLE_MOBILE_CLIENT,
        redirect_uri: MOBILE_RETURN,
        code: url.searchParams.get('code') ?? '',
        code_verifier: verifier,
      }),
    });
    const { id_token: idToken } = (await response.json()) as { id_token?: string };
    if (idToken === undefined) throw new Error(`No ID token: ${response.status}`);
    return idToken;
  }

  private async createProvider(callback: string): Promise<Provider> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    return new Provider(this.issuer, {
      clients: [
        {
          client_id: GOOGLE_CLIENT.clientId,
          client_secret: GOOGLE_CLIENT.clientSecret,
          redirect_uris: [callback],
          token_endpoint_auth_method: 'client_secret_post',
        },
        {
          client_id: GOOGLE_MOBILE_CLIENT,
          redirect_uris: [MOBILE_RETURN],
          token_endpoint_auth_method: 'none',
        },
      ],
      jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'google-1' }] },
      cookies: { keys: [randomBytes(16).toString('hex')] },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['given_name', 'family_name'] },
      // Google tells everything in the ID token itself.
      conformIdTokenClaims: false,
      ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, Session: 3600 },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      findAccount: (_, sub) => ({
        accountId: sub,
        claims: () => ({ ...(this.people.get(sub) ?? { sub }), sub }),
      }),
      // Nobody is asked whether the client may know their address.
      loadExistingGrant: async ({ oidc }) => {
        const grant = new oidc.provider.Grant({
          clientId: oidc.client?.clientId ?? '',
          accountId: oidc.session?.accountId ?? '',
        });
        grant.addOIDCScope('openid email profile');
        await grant.save();
        return grant;
      },
      renderError: (ctx, { error, error_description: description }) => {
        ctx.body = `${error}: ${description ?? ''}`;
      },
    });
  }

  private async interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end(loginPage('Google', request.url ?? ''));
      return;
    }
    const form = await formOf(request);
    const { person } = this;
    this.people.set(person.sub, person);
    const result =
      form.get('button') === 'cancel'
        ? { error: 'access_denied' }
        : { login: { accountId: person.sub, remember: false } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
}

/** A page with one form and two buttons, for a script and for a browser. */
export function loginPage(name: string, action: string): string {
  return `<!doctype html><title>${name}</title><form method="post" action="${action.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">
    <button name="button" value="continue">Continue</button><button name="button" value="cancel">Cancel</button></form>`;
}

/** As RFC 7636 makes an S256 challenge. */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
