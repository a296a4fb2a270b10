import type { Server } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import passport, { Strategy } from 'passport';
import { AccessTokenStrategy } from '../../libs/auth/src/access/access-token.strategy';

const NAME = 'access-token';

const strategies = new WeakMap<Server, AccessTokenStrategy>();

/** Becomes the strategy of the service that the request came to. */
class OwnStrategy extends Strategy {
  override authenticate(request: unknown, options: unknown): void {
    const { socket } = (request as FastifyRequest).raw;
    const own = strategies.get((socket as unknown as { server: Server }).server);
    if (!own) throw new Error('The request came to a service that checkTokensApart() was not told of');
    // Passport asks an object of its own, made for this request, on which it has put where the answer goes.
    Object.setPrototypeOf(this, own);
    this.authenticate(request, options);
  }
}

/**
 * Lets several services in one process check access tokens each by its own clock and its own database connections, as
 * replicas do. Passport keeps strategies by name for the whole process, so that otherwise the one started last would
 * check for all of them, and fail for all of them once it is stopped.
 */
export function checkTokensApart(app: NestFastifyApplication): void {
  strategies.set(app.getHttpServer(), app.get(AccessTokenStrategy, { strict: false }));
  // Each time, since whatever else is made in this process, a command for one, gives its own strategy this name.
  const own = new OwnStrategy();
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (_request, _reply, done) => {
      passport.use(NAME, own);
      done();
    });
}
