import { Injectable } from '@nestjs/common';
import type { SignedIn } from '../../sign-in/admission';
import type { Origin } from '../../sign-in/origin';
import { SocialSignInService } from '../social-sign-in.service';
import type { ExchangeRequest } from './exchange.request';
import { SignInCodes } from './sign-in-codes';

/** The web client's last step after a redirect. */
@Injectable()
export class ExchangeService {
  constructor(
    private readonly codes: SignInCodes,
    private readonly social: SocialSignInService,
  ) {}

  /**
   * Exchanges a code for a session. The code dies with the session that it opens, and stays good where something is asked.
   * @throws InvalidToken, and as SocialSignInService.signIn()
   */
  async exchange({ code, verifier, ...completion }: ExchangeRequest, origin: Origin): Promise<SignedIn> {
    const held = await this.codes.read(code, verifier);
    return this.social.signIn(held.provider, held.profile, completion, origin, (manager) =>
      this.codes.spend(manager, held),
    );
  }
}
