import { createPrivateKey } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CryptoKey, exportJWK, exportPKCS8, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import { forgeHmac, forgeUnsigned } from './forge';
import { formOf, listenOnLoopback, stopServer } from './loopback-server';

export type Claims = Record<string, unknown>;

/**
 * An OpenID issuer in the wrong hands: its ID tokens say whatever `forge` makes of the claims that Google would state. It
 * can be slow, broken and away as well.
 */
export class GoogleForger {
  /** What the token endpoint answers for an ID token. */
  forge: (claims: Claims) => Promise<string> | string = (claims) => this.sign(claims);
  /** Statuses to answer with, by path; 200 otherwise. */
  readonly broken = new Map<string, number>();
  /** What it says then, as RFC 6749 does. */
  errorCode = 'server_error';
  delayMs = 0;
  /** Paths that were asked, in order. */
  readonly asked: string[] = [];
  private readonly challenges = new Map<string, { nonce: string; challenge: string }>();

  private constructor(
    readonly issuer: string,
    private readonly clientId: string,
    private readonly key: CryptoKey,
    private readonly publicKey: CryptoKey,
    private readonly jwk: JWK,
    private readonly otherKey: CryptoKey,
    readonly stop: () => Promise<void>,
  ) {}

  static async start(clientId: string): Promise<GoogleForger> {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const other = await generateKeyPair('RS256');
    // Without `alg`: which signatures are good is for the service to say.
    const jwk = { ...(await exportJWK(publicKey)), use: 'sig', kid: 'known' };
    const started: { forger?: GoogleForger } = {};
    const { server, url } = await listenOnLoopback(async (request, response) => {
      await started.forger?.answer(request, response);
    });
    const stop = (): Promise<void> => stopServer(server);
    started.forger = new GoogleForger(url, clientId, privateKey, publicKey, jwk, other.privateKey, stop);
    return started.forger;
  }

  /** What Google would state of somebody, now. */
  claims(overrides: Claims = {}): Claims {
    const now = Math.floor(Date.now() / 1000);
    const person = {
      sub: '42',
      email: 'forged@gmail.example',
      email_verified: true,
      given_name: 'F',
      family_name: 'G',
    };
    return { iss: this.issuer, aud: this.clientId, iat: now, exp: now + 600, ...person, ...overrides };
  }

  async sign(claims: Claims, header: { kid?: string; key?: CryptoKey } = {}): Promise<string> {
    const { kid = 'known', key = this.key } = header;
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
  }

  /** With the right key, in a way that nobody agreed on. */
  async signOtherwise(claims: Claims): Promise<string> {
    const key = createPrivateKey({ key: await exportPKCS8(this.key), format: 'pem' });
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS512', kid: 'known' }).sign(key);
  }

  /** With a key that is not the issuer's, under the name of one that is. */
  async signWithOtherKey(claims: Claims): Promise<string> {
    return this.sign(claims, { key: this.otherKey });
  }

  unsigned(claims: Claims): string {
    return forgeUnsigned(claims);
  }

  /** HS256 with the public key as the secret, which a careless verifier takes for a signature of its owner. */
  async signWithPublicKey(claims: Claims): Promise<string> {
    return forgeHmac(claims, await exportSPKI(this.publicKey));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.issuer);
    this.asked.push(pathname);
    if (this.delayMs > 0) await sleep(this.delayMs, undefined, { ref: false });
    const status = this.broken.get(pathname);
    if (status !== undefined) {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: this.errorCode }));
      return;
    }
    if (pathname === '/auth') {
      this.authorize(searchParams, response);
      return;
    }
    const body = await this.document(pathname, request);
    response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
  }

  private authorize(query: URLSearchParams, response: ServerResponse): void {
    const code = `code-${this.challenges.size}`;
    this.challenges.set(code, { nonce: query.get('nonce') ?? '', challenge: query.get('code_challenge') ?? '' });
    const back = new URL(query.get('redirect_uri') ?? '');
    back.search = new URLSearchParams({ code, state: query.get('state') ?? '' }).toString();
    response.writeHead(302, { location: back.href }).end();
  }

  private async document(pathname: string, request: IncomingMessage): Promise<object | undefined> {
    if (pathname === '/.well-known/openid-configuration') {
      return {
        issuer: this.issuer,
        authorization_endpoint: `${this.issuer}/auth`,
        token_endpoint: `${this.issuer}/token`,
        jwks_uri: `${this.issuer}/keys`,
        id_token_signing_alg_values_supported: ['RS256'],
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
      };
    }
    if (pathname === '/keys') return { keys: [this.jwk] };
    if (pathname !== '/token') return undefined;
    const form = await formOf(request);
    const nonce = this.challenges.get(form.get('code') ?? '')?.nonce;
    return { access_token: 'unused', token_type: 'Bearer', id_token: await this.forge(this.claims({ nonce })) };
  }
}
