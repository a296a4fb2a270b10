import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import { AppConfig, Clock } from '@tiptop/platform';
import { ExchangeController } from './exchange/exchange.controller';
import { ExchangeService } from './exchange/exchange.service';
import { SignInCodes } from './exchange/sign-in-codes';
import { FacebookArrivalGuard } from './facebook/facebook-arrival.guard';
import { FacebookClient } from './facebook/facebook-client';
import { FacebookController } from './facebook/facebook.controller';
import { FacebookStrategy } from './facebook/facebook.strategy';
import { GoogleArrivalGuard } from './google/google-arrival.guard';
import { GoogleClient } from './google/google-client';
import { GoogleController } from './google/google.controller';
import { GoogleStrategy } from './google/google.strategy';
import { AttemptCookies } from './redirect/attempt-cookies';
import { RedirectSignInService } from './redirect/redirect-sign-in.service';
import { ReturnUrls } from './redirect/return-urls';
import { SpentStates } from './redirect/spent-states';
import { RefusedTokenBudget } from './refused-token-budget';
import { SocialSignInService } from './social-sign-in.service';
import { TokenSignInService } from './token-sign-in.service';

/** Signing in with Google and Facebook. A provider that is not configured has no route, and no line in the API's document. */
@Module({})
export class SocialModule {
  static register({ google, facebook }: AppConfig): DynamicModule {
    const controllers: Type[] = [];
    const providers: Provider[] = [];
    if (google) {
      const useFactory = (config: AppConfig, clock: Clock): GoogleClient => new GoogleClient(google, config, clock);
      providers.push({ provide: GoogleClient, inject: [AppConfig, Clock], useFactory });
      providers.push(GoogleStrategy, GoogleArrivalGuard);
      controllers.push(GoogleController);
    }
    if (facebook) {
      const useFactory = (config: AppConfig, clock: Clock): FacebookClient =>
        new FacebookClient(facebook, config, clock);
      providers.push({ provide: FacebookClient, inject: [AppConfig, Clock], useFactory });
      providers.push(FacebookStrategy, FacebookArrivalGuard);
      controllers.push(FacebookController);
    }
    if (controllers.length === 0) return { module: SocialModule };
    return {
      module: SocialModule,
      controllers: [...controllers, ExchangeController],
      providers: [
        ...providers,
        AttemptCookies,
        ExchangeService,
        RedirectSignInService,
        RefusedTokenBudget,
        ReturnUrls,
        SignInCodes,
        SocialSignInService,
        SpentStates,
        TokenSignInService,
      ],
    };
  }
}
