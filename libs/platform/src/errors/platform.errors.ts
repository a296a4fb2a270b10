import { DomainError, type ErrorLogLevel, type FieldProblem } from './domain-error';

/** The input is not of the documented form. */
export class ValidationFailed extends DomainError {
  readonly code = 'VALIDATION_FAILED';

  constructor(override readonly fields: readonly FieldProblem[]) {
    super();
  }
}

/** The database can't be reached or is shutting down; the call changed nothing that it reported. */
export class DatabaseUnavailable extends DomainError {
  readonly code = 'DATABASE_UNAVAILABLE';
  override readonly logLevel: ErrorLogLevel = 'error';
  override readonly retryAfterSeconds = 5;

  constructor(override readonly cause: unknown) {
    super();
  }
}

/** A budget of attempts is used up. */
export class TooManyAttempts extends DomainError {
  readonly code = 'TOO_MANY_ATTEMPTS';

  override readonly params: { seconds: number };

  /** @param retryAfterSeconds until the next attempt is heard */
  constructor(override readonly retryAfterSeconds: number) {
    super();
    this.params = { seconds: retryAfterSeconds };
  }
}

export type PlatformErrorCode = (ValidationFailed | DatabaseUnavailable | TooManyAttempts)['code'];
