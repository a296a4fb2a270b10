import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import { DatabaseUnavailable, DomainError, isDatabaseUnavailable, LOGGER, ValidationFailed } from '@tiptop/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { preferredLanguage } from '@tiptop/platform';
import { buildProblem, type ProblemDetails } from './problem';
import { type ProblemCode, PROBLEMS } from './problem-catalogue';

/** Statuses that Fastify and Nest answer by themselves, and what they are called here. */
const CODE_OF_STATUS: Readonly<Record<number, ProblemCode>> = {
  404: 'NOT_FOUND',
  408: 'REQUEST_TIMEOUT',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  503: 'SHUTTING_DOWN',
};

/** Makes problem+json of every error. Whatever is not known to be harmless is a 500 that tells nothing. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const known = this.interpret(error);
    const problem = buildProblem(
      known.code,
      preferredLanguage(request.headers['accept-language']),
      request.id,
      known.details,
    );
    if (known.retryAfterSeconds !== undefined) void reply.header('retry-after', known.retryAfterSeconds);
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply.status(problem.status).type('application/problem+json').send(problem);
  }

  private interpret(error: unknown): {
    code: ProblemCode;
    retryAfterSeconds?: number | undefined;
    details?: ProblemDetails;
  } {
    const fault =
      error instanceof DomainError || !isDatabaseUnavailable(error) ? error : new DatabaseUnavailable(error);
    if (fault instanceof DomainError && isProblemCode(fault.code)) {
      if (fault.logLevel === 'error')
        this.logger.error({ err: fault.cause, errorCode: fault.code }, 'A request failed');
      const { code, retryAfterSeconds, params, fields } = fault;
      return { code, retryAfterSeconds, details: { params, fields } };
    }
    const status = statusOf(fault);
    if (status === 400) {
      const message =
        (fault as { code?: unknown }).code === 'FST_ERR_CTP_EMPTY_JSON_BODY' ? 'notAnObject' : 'malformedBody';
      return { code: 'VALIDATION_FAILED', details: { fields: new ValidationFailed([{ path: '', message }]).fields } };
    }
    const code = status === undefined ? undefined : CODE_OF_STATUS[status];
    if (code) return { code };
    this.logger.error({ err: fault }, 'An unexpected error');
    return { code: 'INTERNAL_ERROR' };
  }
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  // Fastify's errors carry the status they stand for.
  const { statusCode } = (error ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : undefined;
}
