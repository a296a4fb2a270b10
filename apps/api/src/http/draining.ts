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
  /** Answers still owed on each connection; more than one where requests were sent without waiting. */
  const owed = new Map<Socket, number>();
  fastify.server.on('connection', (socket) => {
    owed.set(socket, 0);
    socket.once('close', () => owed.delete(socket));
  });
  fastify.server.on('request', ({ socket }, response) => {
    owed.set(socket, (owed.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (owed.get(socket) ?? 1) - 1;
      if (owed.has(socket)) owed.set(socket, left);
      // A download may have begun before the stop, when nothing told its connection to close. What was written still leaves.
      if (stopping && left === 0) socket.destroySoon();
    });
  });
  fastify.addHook('preClose', (done) => {
    stopping = true;
    for (const [socket] of owed) if (socket.bytesRead === 0) socket.destroy();
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
  fastify.addHook('onSend', ({ raw }, reply, payload, done) => {
    // Not where another answer is to follow on this connection: Node.js would close it behind this one.
    if (stopping && owed.get(raw.socket) === 1) void reply.header('connection', 'close');
    done(null, payload);
  });
}
