import type { Provider } from './provider';
import type { ProviderProfile } from './provider-profile';
import type { Attempt } from './redirect/attempt';

/** How one provider is asked. Everything thrown is OAuthRefused or OAuthUnavailable. */
export interface ProviderClient {
  readonly provider: Provider;

  /** Where the browser goes to sign in. */
  authorizationUrl(attempt: Attempt): Promise<URL>;

  /** Who came back. @param returned the address that the browser came back to, with its query */
  profileOfReturn(returned: URL, attempt: Attempt): Promise<ProviderProfile>;

  /** Whom a token from a mobile client speaks of. @param nonce that it must hold, where one is given */
  profileOfToken(token: string, nonce?: string): Promise<ProviderProfile>;
}
