import { Injectable } from '@nestjs/common';
import { ArrivalGuard } from '../redirect/arrival.guard';
import { AttemptCookies } from '../redirect/attempt-cookies';
import { FacebookStrategy } from './facebook.strategy';

@Injectable()
export class FacebookArrivalGuard extends ArrivalGuard {
  constructor(strategy: FacebookStrategy, cookies: AttemptCookies) {
    super('facebook', strategy, cookies);
  }
}
