/** A fault in one field of the input. `path` is the way to it in the body, `player.birthDate` or `items.0.code`. */
export interface FieldProblem {
  path: string;
  message: string;
}

/** How loud an error is in the log; see docs/operations.md for what each level asks of the reader. */
export type ErrorLogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * What a rule of the contest or of an account refuses. It carries a stable code and what a person needs to know; which
 * HTTP status and which sentence it becomes is decided by the one table in apps/api/src/http.
 */
export abstract class DomainError extends Error {
  abstract readonly code: string;
  readonly logLevel: ErrorLogLevel = 'info';
  /** Values for the placeholders of the sentence, `{seconds}` for one. Never a secret. */
  readonly params: Readonly<Record<string, string | number>> = {};
  /** Seconds until the same call may succeed, for the Retry-After header. */
  readonly retryAfterSeconds: number | undefined = undefined;
  readonly fields: readonly FieldProblem[] | undefined = undefined;

  constructor() {
    super();
    this.name = new.target.name;
  }
}
