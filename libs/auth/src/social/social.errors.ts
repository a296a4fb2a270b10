import { DomainError, type ErrorLogLevel, type FieldProblem } from '@tiptop/platform';

/** What came back from the provider proves nothing: forged, replayed, expired, for somebody else, or refused by the person. */
export class OAuthRefused extends DomainError {
  readonly code = 'OAUTH_REFUSED';

  /** @param cause what was wrong, for the log only */
  constructor(override readonly cause?: unknown) {
    super();
  }
}

/** The provider does not answer, or not in time. */
export class OAuthUnavailable extends DomainError {
  readonly code = 'OAUTH_UNAVAILABLE';
  override readonly logLevel: ErrorLogLevel = 'warn';
  override readonly retryAfterSeconds = 30;

  constructor(override readonly cause?: unknown) {
    super();
  }
}

/** A first sign-in lacks what the provider does not tell: the fields name it. The same call with them will do. */
export class ProfileIncomplete extends DomainError {
  readonly code = 'PROFILE_INCOMPLETE';

  constructor(override readonly fields: readonly FieldProblem[]) {
    super();
  }
}

/** The address to return to is not among those allowed. */
export class ReturnUrlNotAllowed extends DomainError {
  readonly code = 'RETURN_URL_NOT_ALLOWED';
}

export type SocialErrorCode = (OAuthRefused | OAuthUnavailable | ProfileIncomplete | ReturnUrlNotAllowed)['code'];
