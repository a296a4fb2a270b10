import { DomainError } from '@tiptop/platform';

/** No letter that failed for good has this id. */
export class MailNotFound extends DomainError {
  readonly code = 'MAIL_NOT_FOUND';
}

export type MailErrorCode = MailNotFound['code'];
