import { randomUUID } from 'node:crypto';
import { requestContext, withoutScrubbing } from '@tiptop/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

const GIVEN_ID = /^[\w-]{8,64}$/;

/** The client's X-Request-Id where it is fit to stand in a log, or a new one. */
export function requestIdOf(headers: Record<string, string | string[] | undefined>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && GIVEN_ID.test(given) ? given : randomUUID();
}

/**
 * One line a request when it is answered. The route's pattern stands in it, never the address itself: addresses hold
 * ticket codes and what people searched for.
 */
export function logRequests(fastify: FastifyInstance, parent: Logger): void {
  const logger = withoutScrubbing(parent);
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    void reply.header('x-request-id', request.id);
    requestContext.run({ requestId: request.id, address: request.ip }, done);
  });
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const { statusCode } = reply;
    const line = {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: statusCode,
      durationMs: Math.round(reply.elapsedTime * 10) / 10,
    };
    if (statusCode >= 500) logger.warn(line, 'request');
    else logger.info(line, 'request');
    done();
  });
}
