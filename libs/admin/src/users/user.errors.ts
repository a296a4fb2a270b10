import { DomainError } from '@tiptop/platform';

/** There is no such account, or it was erased. */
export class UserNotFound extends DomainError {
  readonly code = 'USER_NOT_FOUND';
}

/** The account waits for no first password: it has one, is archived, or is a customer's. */
export class NotInvited extends DomainError {
  readonly code = 'NOT_INVITED';
}

export type UserAdministrationErrorCode = (UserNotFound | NotInvited)['code'];
