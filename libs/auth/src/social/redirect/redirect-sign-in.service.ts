import { Inject, Injectable } from '@nestjs/common';
import { Clock, DomainError, LOGGER } from '@tiptop/platform';
import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client';
import type { Logger } from 'pino';
import { SecondFactorCheck } from '../../second-factor/second-factor-check';
import type { SignedIn } from '../../sign-in/admission';
import type { Origin } from '../../sign-in/origin';
import { SignInCodes } from '../exchange/sign-in-codes';
import type { Provider } from '../provider';
import type { ProviderClient } from '../provider-client';
import { logFault } from '../provider-faults';
import type { ProviderProfile } from '../provider-profile';
import { SocialSignInService } from '../social-sign-in.service';
import type { Arrival } from './arrival';
import type { Attempt } from './attempt';
import { type AttemptCookie, AttemptCookies, type HeldCookies } from './attempt-cookies';
import type { BeginSignInQuery } from './begin-sign-in.query';
import { ReturnUrls } from './return-urls';

/** How long a person may take at the provider. */
const ATTEMPT_MS = 10 * 60_000;
/** Of a code that a web client exchanges by itself, and of one for which a person has to type something first. */
const CODE_MS = 60_000;
const CODE_WITH_QUESTIONS_MS = 15 * 60_000;

/** What a browser is answered: an address to go to, or a session. */
export type Outcome = { url: string } | { signedIn: SignedIn };

/** Signing in by sending the browser to a provider, which sends it back. */
@Injectable()
export class RedirectSignInService {
  constructor(
    private readonly clock: Clock,
    private readonly cookies: AttemptCookies,
    private readonly returnUrls: ReturnUrls,
    private readonly social: SocialSignInService,
    private readonly secondFactor: SecondFactorCheck,
    private readonly codes: SignInCodes,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @param held the request's cookies
   * @returns where the browser goes, and cookies for it
   * @throws ReturnUrlNotAllowed, OAuthUnavailable
   */
  async begin(
    client: ProviderClient,
    { returnUrl, challenge }: BeginSignInQuery,
    held: HeldCookies,
  ): Promise<{ url: string; cookies: AttemptCookie[] }> {
    const attempt: Attempt = {
      state: randomState(),
      nonce: randomNonce(),
      codeVerifier: randomPKCECodeVerifier(),
      returnUrl: this.returnUrls.choose(returnUrl),
      challenge: challenge ?? null,
      expiresAt: new Date(this.clock.now().getTime() + ATTEMPT_MS),
    };
    try {
      const url = await client.authorizationUrl(attempt);
      return { url: url.href, cookies: await this.cookies.keep(client.provider, attempt, held) };
    } catch (error) {
      if (error instanceof DomainError) logFault(this.logger, client.provider, error);
      throw error;
    }
  }

  /**
   * What becomes of a browser that came back. With a return address it is sent there, and the fragment, which no server
   * sees, tells what to exchange for a session. A fault is sent there as well if a person looks at the answer.
   * @param isPage whether the answer is shown to a person as it is
   */
  async end(provider: Provider, arrival: Arrival, origin: Origin, isPage: boolean): Promise<Outcome> {
    const returnUrl = arrival.attempt ? arrival.attempt.returnUrl : this.returnUrls.standard;
    try {
      if ('fault' in arrival) throw arrival.fault;
      const { attempt, profile } = arrival;
      if (returnUrl === null) return { signedIn: await this.social.signIn(provider, profile, {}, origin) };
      return { url: withFragment(returnUrl, 'code', await this.issueCode(provider, profile, attempt.challenge)) };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      logFault(this.logger, provider, error);
      if (returnUrl === null || !isPage) throw error;
      return { url: withFragment(returnUrl, 'error', error.code) };
    }
  }

  private async issueCode(provider: Provider, profile: ProviderProfile, challenge: string | null): Promise<string> {
    const standing = await this.social.standing(provider, profile);
    const hasQuestions = !standing || (await this.secondFactor.isOn(standing.user.id));
    return this.codes.issue(provider, profile, { challenge, lifeMs: hasQuestions ? CODE_WITH_QUESTIONS_MS : CODE_MS });
  }
}

function withFragment(url: string, name: 'code' | 'error', value: string): string {
  return `${url}#${name}=${value}`;
}
