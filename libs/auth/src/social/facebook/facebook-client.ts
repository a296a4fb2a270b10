import { createHmac } from 'node:crypto';
import type { AppConfig, Clock, FacebookConfig } from '@tiptop/platform';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretPost,
  Configuration,
  customFetch,
} from 'openid-client';
import type { ProviderClient } from '../provider-client';
import { providerFault } from '../provider-faults';
import { plainHttp, providerFetch } from '../provider-fetch';
import { profileOf, type ProviderProfile } from '../provider-profile';
import type { Attempt } from '../redirect/attempt';
import { callbackUrl } from '../redirect/callback-url';
import { OAuthRefused, OAuthUnavailable } from '../social.errors';

/** Graph API error codes that mean "later": unknown, service, and the rate limits of app, user, page and custom. */
const LATER = [1, 2, 4, 17, 32, 613];

type Json = Readonly<Record<string, unknown>>;

/**
 * Asks Facebook, which speaks OAuth 2 and signs nothing: that a token is for us and whose it is, Facebook itself has to
 * say. It does not vouch for the e-mail addresses that it tells.
 */
export class FacebookClient implements ProviderClient {
  readonly provider = 'facebook';
  private readonly client: Configuration;
  private readonly fetch;

  constructor(
    private readonly facebook: FacebookConfig,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    const { appId, appSecret, dialogUrl, graphUrl } = facebook;
    this.fetch = providerFetch({ timeoutMs: config.providerTimeoutMs });
    this.client = new Configuration(
      {
        issuer: new URL(dialogUrl).origin,
        authorization_endpoint: dialogUrl,
        token_endpoint: `${graphUrl}/oauth/access_token`,
      },
      appId,
      undefined,
      ClientSecretPost(appSecret),
    );
    this.client[customFetch] = this.fetch as never;
    this.client.timeout = config.providerTimeoutMs / 1000;
    for (const apply of plainHttp(graphUrl, config)) apply(this.client);
  }

  async authorizationUrl({ state, codeVerifier }: Attempt): Promise<URL> {
    return buildAuthorizationUrl(this.client, {
      redirect_uri: callbackUrl(this.config, this.provider).href,
      scope: 'public_profile,email',
      state,
      code_challenge: await calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    });
  }

  async profileOfReturn(returned: URL, { state, codeVerifier }: Attempt): Promise<ProviderProfile> {
    try {
      const checks = { expectedState: state, pkceCodeVerifier: codeVerifier };
      const tokens = await authorizationCodeGrant(this.client, returned, checks);
      return await this.profileOfToken(tokens.access_token);
    } catch (error) {
      throw providerFault(error);
    }
  }

  async profileOfToken(token: string): Promise<ProviderProfile> {
    try {
      const owner = await this.ownerOf(token);
      const person = await this.ask('me', {
        fields: 'id,first_name,last_name,email',
        access_token: token,
        appsecret_proof: createHmac('sha256', this.facebook.appSecret).update(token).digest('hex'),
      });
      if (person.id !== owner) throw new OAuthRefused(new Error('The token is somebody else’s'));
      return profileOf({
        subject: person.id,
        email: person.email,
        emailVerified: false,
        firstName: person.first_name,
        lastName: person.last_name,
      });
    } catch (error) {
      throw providerFault(error);
    }
  }

  /** Whose token it is, if it is one of a person, for our app, and still good. A token for another app proves nothing. */
  private async ownerOf(token: string): Promise<string> {
    const { appId, appSecret } = this.facebook;
    const { data } = await this.ask('debug_token', { input_token: token, access_token: `${appId}|${appSecret}` });
    const facts = (data ?? {}) as Json;
    const seconds = Math.floor(this.clock.now().getTime() / 1000);
    // 0 stands for a token that does not expire.
    const current = facts.expires_at === 0 || (typeof facts.expires_at === 'number' && facts.expires_at > seconds);
    const good = facts.is_valid === true && facts.app_id === appId && facts.type === 'USER' && current;
    if (!good || typeof facts.user_id !== 'string' || facts.user_id === '') {
      throw new OAuthRefused(new Error('The token is not one of a person for this app'));
    }
    return facts.user_id;
  }

  private async ask(path: string, query: Record<string, string>): Promise<Json> {
    const url = `${this.facebook.graphUrl}/${path}?${new URLSearchParams(query).toString()}`;
    const response = await this.fetch(url, { headers: { accept: 'application/json' } });
    const body: unknown = await response.json().catch(() => undefined);
    if (typeof body !== 'object' || body === null) throw new OAuthUnavailable(new Error('The answer is no JSON'));
    const { error } = body as { error?: { code?: unknown; is_transient?: unknown } };
    if (error?.is_transient === true || LATER.includes(error?.code as number)) {
      throw new OAuthUnavailable(new Error(`The Graph API answered with its error ${String(error?.code)}`));
    }
    if (response.status !== 200 || error !== undefined) {
      throw new OAuthRefused(new Error(`The Graph API refused /${path}`));
    }
    return body as Json;
  }
}
