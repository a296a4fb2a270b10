import { DomainError } from '@tiptop/platform';

/** The token is unknown, expired, used, or made worthless by a newer event. */
export class InvalidToken extends DomainError {
  readonly code = 'INVALID_TOKEN';
}

export type MailTokenErrorCode = InvalidToken['code'];
