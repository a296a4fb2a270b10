import { DomainError } from '@tiptop/platform';

/** The e-mail or the password is wrong; which of them is not told. */
export class InvalidCredentials extends DomainError {
  readonly code = 'INVALID_CREDENTIALS';
}

export type SignInErrorCode = InvalidCredentials['code'];
