import { DomainError } from '@tiptop/platform';

/** No token, or one that is malformed, expired, forged, or whose session has ended. */
export class Unauthenticated extends DomainError {
  readonly code = 'UNAUTHENTICATED';
}

/** The caller's role does not reach this call. */
export class Forbidden extends DomainError {
  readonly code = 'FORBIDDEN';
}

/** The account was archived by an administrator. */
export class AccountArchived extends DomainError {
  readonly code = 'ACCOUNT_ARCHIVED';
}

export type AccessErrorCode = (Unauthenticated | Forbidden | AccountArchived)['code'];
