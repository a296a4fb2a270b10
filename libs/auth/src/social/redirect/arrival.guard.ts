import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import passport from 'passport';
import type { Provider } from '../provider';
import type { Arrival, ArrivingRequest } from './arrival';
import type { ArrivalStrategy } from './arrival.strategy';
import { setCookies } from './answer';
import type { AttemptCookies } from './attempt-cookies';

/**
 * Lets Passport look at who comes back from a provider. It lets everybody in: what is wrong is for the handler, which
 * knows where the browser is to be sent with it.
 */
export abstract class ArrivalGuard implements CanActivate {
  protected constructor(
    private readonly provider: Provider,
    private readonly strategy: ArrivalStrategy,
    private readonly cookies: AttemptCookies,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & ArrivingRequest>();
    const reply = http.getResponse<FastifyReply>();
    const arrival = await this.ask(request, reply);
    // Good or bad, this attempt is over.
    if (arrival.attempt) setCookies(reply, [this.cookies.forget(this.provider, arrival.attempt)]);
    request.arrival = arrival;
    return true;
  }

  private async ask(request: FastifyRequest, reply: FastifyReply): Promise<Arrival> {
    return new Promise((resolve, reject) => {
      // By name, Passport would take the strategy of whichever service was made last in this process. It hangs success()
      // and fail() on what it is given, so each request gets an object of its own.
      const strategy = Object.create(this.strategy) as ArrivalStrategy;
      const answered = (error: unknown, arrival?: Arrival | false | null, challenge?: unknown): void => {
        if (error) reject(Error.isError(error) ? error : new Error('Passport failed without an error'));
        else resolve(arrival ? arrival : (challenge as Arrival));
      };
      const middleware = passport.authenticate(strategy, { session: false }, answered) as (...args: unknown[]) => void;
      middleware(request, reply, reject);
    });
  }
}
