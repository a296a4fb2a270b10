import { type LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import { requestContext } from './request-context';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const SECRET_KEYS = [
  'password', 'currentPassword', 'passwordHash', 'token', 'accessToken', 'refreshToken', 'idToken', 'authorization',
  'cookie', 'code', 'ticketCode', 'email', 'secret', 'search',
]; // prettier-ignore

const E_MAIL = /[^\s"'<>()[\]:;,=]+@[^\s"'<>()[\]:;,=]+\.[^\s"'<>()[\]:;,=]+/g;
const BEARER = /\b(?:Bearer\s+)?[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,}/g;
const DATABASE_PASSWORD = /(\w+:\/\/[^\s:/@]*:)[^\s/@]+@/g;
// PostgreSQL repeats the values of a broken constraint in its messages: Key (email)=(…) already exists.
const KEY_VALUES = /(Key \([^)]*\))=\([^)]*\)/g;

/** Takes e-mail addresses, tokens, passwords in URLs and key values out of a text that is about to be logged. */
export function scrub(text: string): string {
  return text
    .replace(DATABASE_PASSWORD, '$1[redacted]@')
    .replace(KEY_VALUES, '$1=([redacted])')
    .replace(BEARER, '[redacted]')
    .replace(E_MAIL, '[redacted]');
}

function scrubbedError(error: Error): Record<string, unknown> {
  const serialised = pino.stdSerializers.err(error);
  // Only what finds the fault: drivers hang queries and parameters on their errors.
  const { code } = error as { code?: unknown };
  return {
    type: serialised.type,
    message: scrub(error.message),
    stack: scrub(error.stack ?? ''),
    ...(typeof code === 'string' ? { sqlState: code } : {}),
  };
}

/**
 * The service's JSON log. One object a line: level, time (ISO 8601), requestId inside a request, msg. Fields named as
 * secrets are replaced wherever they stand in the first two levels, and texts are scrubbed.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => requestContext.getStore() ?? {},
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]' },
      serializers: { err: scrubbedError },
      hooks: {
        logMethod(args, method) {
          const scrubbed = args.map((argument: unknown) => (typeof argument === 'string' ? scrub(argument) : argument));
          method.apply(this, scrubbed as Parameters<typeof method>);
        },
      },
    },
    destination ?? pino.destination({ sync: false, minLength: 0 }),
  );
}

/** Nest's own messages on the same log. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    // What Nest tells of its wiring at each start is of use to a developer only.
    this.logger.debug({ context: contextOf(rest) }, String(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn({ context: contextOf(rest) }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const err = message instanceof Error ? message : rest.find((part) => part instanceof Error);
    const text = message instanceof Error ? message.message : String(message);
    this.logger.error({ context: contextOf(rest), ...(err ? { err } : {}) }, text);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug({ context: contextOf(rest) }, String(message));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.debug(message, ...rest);
  }
}

function contextOf(rest: unknown[]): string | undefined {
  const last = rest.at(-1);
  return typeof last === 'string' ? last : undefined;
}
