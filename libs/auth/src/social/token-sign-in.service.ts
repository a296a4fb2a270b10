import { Inject, Injectable } from '@nestjs/common';
import { ANONYMOUS, AuditLog, DomainError, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import type { SignedIn } from '../sign-in/admission';
import type { Origin } from '../sign-in/origin';
import type { Completion } from './completion';
import type { ProviderClient } from './provider-client';
import { logFault } from './provider-faults';
import { RefusedTokenBudget } from './refused-token-budget';
import { OAuthRefused } from './social.errors';
import { SocialSignInService } from './social-sign-in.service';

/** Signing in with a token that a mobile client got from a provider by itself. */
@Injectable()
export class TokenSignInService {
  constructor(
    private readonly social: SocialSignInService,
    private readonly budget: RefusedTokenBudget,
    private readonly audit: AuditLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws OAuthRefused, OAuthUnavailable, and as SocialSignInService.signIn() */
  async signIn(
    client: ProviderClient,
    { token, nonce }: { token: string; nonce?: string | undefined },
    completion: Completion,
    origin: Origin,
  ): Promise<SignedIn> {
    await this.budget.assertOpen(origin.address);
    try {
      const refusal = { action: 'sign-in-refused', actor: ANONYMOUS, details: { method: client.provider } } as const;
      const profile = await this.audit.watch(refusal, ['OAUTH_REFUSED'], async () =>
        client.profileOfToken(token, nonce),
      );
      return await this.social.signIn(client.provider, profile, completion, origin);
    } catch (error) {
      if (error instanceof DomainError) logFault(this.logger, client.provider, error);
      if (error instanceof OAuthRefused) await this.budget.fail(origin.address);
      throw error;
    }
  }
}
