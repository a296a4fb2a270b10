import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { preferredLanguage } from '@tiptop/platform';
import { buildProblem } from './problem';
import type { ProblemCode } from './problem-catalogue';

const REASON_PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Answers an address that the router can't read (`%ZZ`, a segment without end): nothing stands there. */
export function answerUnreadableAddress(logger: Logger) {
  return (_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = buildProblem('NOT_FOUND', preferredLanguage(request.headers['accept-language']), request.id);
    // No hook has run for it, those that set these headers and write the log line neither.
    void reply
      .status(problem.status)
      .headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' })
      .type('application/problem+json')
      .send(problem);
    logger.info({ requestId: request.id, method: request.method, route: 'unknown', status: problem.status }, 'request');
  };
}

/** Answers what is no HTTP request, or did not arrive in time, and closes the connection. */
export function answerBrokenRequest(logger: Logger) {
  return (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const requestId = randomUUID();
    const problem = buildProblem(codeOf(error), 'fr', requestId);
    const body = JSON.stringify(problem);
    if (socket.writable) {
      socket.write(
        [
          `HTTP/1.1 ${String(problem.status)} ${REASON_PHRASES[problem.status] ?? ''}`,
          'Content-Type: application/problem+json; charset=utf-8',
          `Content-Length: ${String(Buffer.byteLength(body))}`,
          `X-Request-Id: ${requestId}`,
          'Connection: close',
          '',
          body,
        ].join('\r\n'),
      );
    }
    socket.destroySoon();
    logger.info({ requestId, method: 'unknown', route: 'unknown', status: problem.status }, 'request');
  };
}

function codeOf({ code }: { code?: string }): ProblemCode {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'REQUEST_TIMEOUT';
  return code === 'HPE_HEADER_OVERFLOW' ? 'HEADERS_TOO_LARGE' : 'VALIDATION_FAILED';
}
