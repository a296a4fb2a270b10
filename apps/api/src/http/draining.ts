import { ServiceUnavailableException } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

const RETRY_AFTER_SECONDS = 5;

/**
 * While the service stops, requests under way finish; those that still arrive on kept-alive connections are refused, and
 * every answer closes its connection, so that no idle one holds the stop up.
 */
export function refuseWhileStopping(fastify: FastifyInstance): void {
  let stopping = false;
  fastify.addHook('preClose', (done) => {
    stopping = true;
    done();
  });
  fastify.addHook('onRequest', (_request, reply, done) => {
    if (!stopping) {
      done();
      return;
    }
    void reply.header('retry-after', RETRY_AFTER_SECONDS);
    done(new ServiceUnavailableException());
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (stopping) void reply.header('connection', 'close');
    done(null, payload);
  });
}
