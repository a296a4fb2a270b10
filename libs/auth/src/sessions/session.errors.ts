import { DomainError, type ErrorLogLevel } from '@tiptop/platform';

/** The refresh token is unknown, expired, already exchanged, or its session has ended. */
export class InvalidRefreshToken extends DomainError {
  readonly code = 'INVALID_REFRESH_TOKEN';
  override readonly logLevel: ErrorLogLevel = 'info';
}

/** The caller has no such session that is still open. */
export class SessionNotFound extends DomainError {
  readonly code = 'SESSION_NOT_FOUND';
}

export type SessionErrorCode = (InvalidRefreshToken | SessionNotFound)['code'];
