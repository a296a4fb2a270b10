import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { AppConfig } from '@tiptop/platform';
import type { Arrival } from '../redirect/arrival';
import { ArrivalStrategy } from '../redirect/arrival.strategy';
import type { Attempt } from '../redirect/attempt';
import { AttemptCookies } from '../redirect/attempt-cookies';
import { SpentStates } from '../redirect/spent-states';
import { GoogleClient } from './google-client';

@Injectable()
export class GoogleStrategy extends PassportStrategy(ArrivalStrategy, 'google') {
  constructor(client: GoogleClient, config: AppConfig, cookies: AttemptCookies, states: SpentStates) {
    super({ client, config, cookies, states });
  }

  async validate(attempt: Attempt, returned: URL): Promise<Arrival> {
    return this.whoCame(attempt, returned);
  }
}
