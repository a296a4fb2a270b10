import { type AppConfig, DomainError } from '@tiptop/platform';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport';
import type { ProviderClient } from '../provider-client';
import { OAuthRefused } from '../social.errors';
import type { Arrival } from './arrival';
import type { Attempt } from './attempt';
import { type AttemptCookies, heldCookies, type HeldCookies } from './attempt-cookies';
import { callbackUrl } from './callback-url';
import type { SpentStates } from './spent-states';

/** What Passport hangs on a strategy for the time of a request. */
interface Actions {
  success: (arrival: Arrival) => void;
  fail: (challenge: Arrival) => void;
  error: (error: unknown) => void;
}

type Verify = (attempt: Attempt, returned: URL, done: (error: unknown, arrival?: Arrival) => void) => void;

/**
 * Passport's part in the way back from a provider: the address must hold the `state` that this very browser was given,
 * for the first time. It never writes an answer, which Passport would do as Express does.
 */
export class ArrivalStrategy extends Strategy {
  constructor(
    private readonly tools: {
      client: ProviderClient;
      config: AppConfig;
      cookies: AttemptCookies;
      states: SpentStates;
    },
    private readonly verify: Verify,
  ) {
    super();
  }

  override authenticate(request: unknown): void {
    const { success, fail, error: broken } = this as unknown as Actions;
    const returned = callbackUrl(this.tools.config, this.tools.client.provider);
    // Passport's types speak of Express; it hands on what it is given.
    const { url } = request as FastifyRequest;
    returned.search = new URL(url, returned).search;
    this.attemptOf(returned, heldCookies(request as FastifyRequest)).then((attempt) => {
      if (!attempt) {
        fail({ attempt, fault: new OAuthRefused(new Error('This browser began no such sign-in')) });
        return;
      }
      this.verify(attempt, returned, (error, arrival) => {
        if (arrival) success(arrival);
        else if (error instanceof DomainError) fail({ attempt, fault: error });
        else broken(error);
      });
    }, broken);
  }

  private async attemptOf({ searchParams }: URL, held: HeldCookies): Promise<Attempt | undefined> {
    const [state, ...others] = searchParams.getAll('state');
    if (state === undefined || others.length > 0) return undefined;
    return this.tools.cookies.find(this.tools.client.provider, state, held);
  }

  /** Spends the state and asks the provider who came. */
  protected async whoCame(attempt: Attempt, returned: URL): Promise<Arrival> {
    await this.tools.states.spend(attempt);
    return { attempt, profile: await this.tools.client.profileOfReturn(returned, attempt) };
  }
}
