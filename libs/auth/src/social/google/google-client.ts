import type { AppConfig, Clock, GoogleConfig } from '@tiptop/platform';
import { createRemoteJWKSet, customFetch as keysFetch, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretPost,
  type Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
} from 'openid-client';
import type { ProviderClient } from '../provider-client';
import { providerFault } from '../provider-faults';
import { plainHttp, providerFetch } from '../provider-fetch';
import { profileOf, type ProviderProfile } from '../provider-profile';
import type { Attempt } from '../redirect/attempt';
import { callbackUrl } from '../redirect/callback-url';
import { OAuthRefused, OAuthUnavailable } from '../social.errors';

/** Signatures that only Google can make; never HMAC, whose key a client may know. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256'];
const CLOCK_TOLERANCE_SECONDS = 5;
/** Google signs some tokens with its name without the scheme. */
const GOOGLE_ISSUER = 'https://accounts.google.com';

interface Discovered {
  client: Configuration;
  keys: JWTVerifyGetKey;
}

/** Asks Google, or whoever plays its part by OpenID Connect. */
export class GoogleClient implements ProviderClient {
  readonly provider = 'google';
  private readonly fetch;
  private discovered: Promise<Discovered> | undefined;

  constructor(
    private readonly google: GoogleConfig,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.fetch = providerFetch({ timeoutMs: config.providerTimeoutMs, expectDocuments: true });
  }

  async authorizationUrl({ state, nonce, codeVerifier }: Attempt): Promise<URL> {
    const { client } = await this.discover();
    return buildAuthorizationUrl(client, {
      redirect_uri: callbackUrl(this.config, this.provider).href,
      scope: 'openid email profile',
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    });
  }

  async profileOfReturn(returned: URL, { state, nonce, codeVerifier }: Attempt): Promise<ProviderProfile> {
    const { client } = await this.discover();
    try {
      const tokens = await authorizationCodeGrant(client, returned, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      });
      return profileOfClaims(tokens.claims() ?? {});
    } catch (error) {
      throw providerFault(error);
    }
  }

  async profileOfToken(token: string, nonce?: string): Promise<ProviderProfile> {
    const { keys } = await this.discover();
    const { clientId, mobileClientIds, issuer } = this.google;
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        issuer: issuer === GOOGLE_ISSUER ? [issuer, new URL(issuer).host] : issuer,
        audience: [clientId, ...mobileClientIds],
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: this.clock.now(),
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      });
      // A token for several is good for each of them, and any of them could hand it on to us.
      if (Array.isArray(payload.aud) && payload.aud.length > 1) throw new OAuthRefused(new Error('Several audiences'));
      if (nonce !== undefined && payload.nonce !== nonce) throw new OAuthRefused(new Error('Another nonce'));
      return profileOfClaims(payload);
    } catch (error) {
      throw providerFault(error);
    }
  }

  /** Kept for the life of the process; asked for again after a failure. @throws OAuthUnavailable */
  private discover(): Promise<Discovered> {
    this.discovered ??= this.ask().catch((error: unknown) => {
      this.discovered = undefined;
      throw new OAuthUnavailable(error);
    });
    return this.discovered;
  }

  private async ask(): Promise<Discovered> {
    const { clientId, clientSecret } = this.google;
    const issuer = new URL(this.google.issuer);
    const timeoutMs = this.config.providerTimeoutMs;
    const client = await discovery(issuer, clientId, undefined, ClientSecretPost(clientSecret), {
      [customFetch]: this.fetch as never,
      // Over TLS the token's signature need not be checked by the standard; checked, a broken TLS is not enough.
      execute: [...plainHttp(issuer.href, this.config), enableNonRepudiationChecks],
      timeout: timeoutMs / 1000,
    });
    const { jwks_uri: keysUri } = client.serverMetadata();
    if (keysUri === undefined) throw new Error('The issuer names no keys');
    const keys = createRemoteJWKSet(new URL(keysUri), { [keysFetch]: this.fetch, timeoutDuration: timeoutMs });
    return { client, keys: blaming(keys) };
  }
}

/** Tells a key that does not exist, which a bad token asks for, from keys that can't be had. */
function blaming(keys: JWTVerifyGetKey): JWTVerifyGetKey {
  const { JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported } = errors;
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      const blameToken = [JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported].some(
        (type) => error instanceof type,
      );
      throw blameToken ? error : new OAuthUnavailable(error);
    }
  };
}

function profileOfClaims(claims: Readonly<Record<string, unknown>>): ProviderProfile {
  return profileOf({
    subject: claims.sub,
    email: claims.email,
    emailVerified: claims.email_verified === true,
    firstName: claims.given_name,
    lastName: claims.family_name,
  });
}
