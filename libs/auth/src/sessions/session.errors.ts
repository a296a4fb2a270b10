import { DomainError, type ErrorLogLevel } from '@tiptop/platform';

/** The refresh token is unknown, expired, already exchanged, or its session has ended. */
export class InvalidRefreshToken extends DomainError {
  readonly code = 'INVALID_REFRESH_TOKEN';
  override readonly logLevel: ErrorLogLevel = 'info';
}

export type SessionErrorCode = InvalidRefreshToken['code'];
