import { Injectable } from '@nestjs/common';
import { ArrivalGuard } from '../redirect/arrival.guard';
import { AttemptCookies } from '../redirect/attempt-cookies';
import { GoogleStrategy } from './google.strategy';

@Injectable()
export class GoogleArrivalGuard extends ArrivalGuard {
  constructor(strategy: GoogleStrategy, cookies: AttemptCookies) {
    super('google', strategy, cookies);
  }
}
