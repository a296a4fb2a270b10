import { type LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { requestContext } from './request-context';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Fields whose values never stand in the log, by name. */
const SECRET_FIELD = /password|passphrase|secret|token|authorization|cookie|e-?mail|^(ticket)?codes?$|^search$/i;
const REDACTED = '[redacted]';
// A write for each line would cost a play a tenth of its time; a crash loses a quarter of a second at most.
const BUFFERED = { sync: false, minLength: 4096, periodicFlush: 250 };
/** Deeper than any line of ours; bounds the work on an object that holds itself. */
const FIELD_DEPTH = 6;

const E_MAIL = /[^\s"'<>()[\]:;,=]+@[^\s"'<>()[\]:;,=]+\.[^\s"'<>()[\]:;,=]+/g;
const BEARER = /\bBearer\s+\S+/gi;
const ACCESS_TOKEN = /\b[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,}/g;
// 32 random bytes in base64url: a refresh token, a secret.
const REFRESH_TOKEN = /(?<![\w-])[\w-]{43}(?![\w-])/g;
const URL_PASSWORD = /(\w+:\/\/[^\s:/@]*:)[^\s/@]+@/g;
// PostgreSQL repeats values in its messages: Key (email)=(…) already exists; invalid input syntax for type uuid: "…".
const KEY_VALUES = /(Key \([^)]*\))=\([^)]*\)/g;
const INPUT_VALUES = /((?:invalid input|malformed|out of range:)[^"\n]*|\bvalue )"[^"\n]*"/g;

/** Takes e-mail addresses, tokens, passwords in URLs and values quoted by PostgreSQL out of a text to be logged. */
export function scrub(text: string): string {
  return text
    .replace(URL_PASSWORD, `$1${REDACTED}@`)
    .replace(KEY_VALUES, `$1=(${REDACTED})`)
    .replace(INPUT_VALUES, `$1"${REDACTED}"`)
    .replace(BEARER, REDACTED)
    .replace(ACCESS_TOKEN, REDACTED)
    .replace(REFRESH_TOKEN, REDACTED)
    .replace(E_MAIL, REDACTED);
}

function scrubbedError(error: Error): Record<string, unknown> {
  // Only what finds the fault: drivers hang queries and parameters on their errors.
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return {
    type: error.constructor.name,
    message: scrub(error.message),
    stack: scrub(error.stack ?? ''),
    ...(typeof code === 'string' ? { sqlState: code } : {}),
    ...(Error.isError(cause) ? { cause: scrub(cause.message) } : {}),
  };
}

function scrubbed(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Error.isError(value)) return scrubbedError(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth === 0) return REDACTED;
  if (Array.isArray(value)) return value.map((item) => scrubbed(item, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      SECRET_FIELD.test(name) && field !== undefined ? REDACTED : scrubbed(field, depth - 1),
    ]),
  );
}

/**
 * The service's JSON log. One object a line: level, time (ISO 8601), requestId inside a request, msg. Fields named as
 * secrets are replaced wherever they stand, and every text is scrubbed.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const hooks: LoggerOptions['hooks'] = {
    logMethod(args, method) {
      const [first, ...rest] = args as unknown[];
      const head = Error.isError(first) ? { err: first } : first;
      method.apply(this, [head, ...rest].map((part) => scrubbed(part, FIELD_DEPTH)) as Parameters<typeof method>);
    },
  };
  return pino({ ...lineFormat(level), hooks }, destination ?? pino.destination(BUFFERED));
}

/**
 * The same log without the search for secrets, which would cost each request more than the rest of its line. Only for
 * lines whose every field is known to be harmless.
 */
export function withoutScrubbing(logger: Logger): Logger {
  const { [pino.symbols.streamSym]: stream } = logger as unknown as Record<symbol, DestinationStream>;
  return pino(lineFormat(logger.level as LogLevel), stream as DestinationStream);
}

function lineFormat(level: LogLevel): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // pino adds the line’s own fields to what it gets here.
    mixin: () => {
      const requestId = requestContext.getStore()?.requestId;
      return requestId === undefined ? {} : { requestId };
    },
    // pino's own would take what scrubbedError() has made for an error, and call it an Object.
    serializers: { err: (error: unknown) => error },
  };
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
