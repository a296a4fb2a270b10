import type { Socket } from 'node:net';
import { ServiceUnavailableException } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

const RETRY_AFTER_SECONDS = 5;

/**
 * While the service stops, requests under way finish; those that still arrive on kept-alive connections are refused, and
 * every answer closes its connection, so that no idle one holds the stop up. Neither does one that a browser opened
 * beforehand and never used, which Node.js itself does not count among the idle ones.
 */
export function refuseWhileStopping(fastify: FastifyInstance): void {
  let stopping = false;
  const unused = new Set<Socket>();
  fastify.server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  fastify.server.on('request', ({ socket }) => unused.delete(socket));
  fastify.addHook('preClose', (done) => {
    stopping = true;
    for (const socket of unused) if (socket.bytesRead === 0) socket.destroy();
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
