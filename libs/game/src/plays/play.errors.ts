import { DomainError } from '@tiptop/platform';

/** Not ten letters or digits, or a wrong check character: a typing error, found without asking the database. */
export class InvalidCodeFormat extends DomainError {
  readonly code = 'INVALID_CODE_FORMAT';
}

/** No ticket has this code. */
export class TicketNotFound extends DomainError {
  readonly code = 'TICKET_NOT_FOUND';
}

/** The ticket has been played. */
export class TicketAlreadyPlayed extends DomainError {
  readonly code = 'TICKET_ALREADY_PLAYED';
}

/** It is before the contest's start or after the end of claims. */
export class ContestNotOpen extends DomainError {
  readonly code = 'CONTEST_NOT_OPEN';
}

/** Those who hand over the prizes don't play for them. */
export class StaffExcluded extends DomainError {
  readonly code = 'STAFF_EXCLUDED';
}

/** The Idempotency-Key belongs to the play of another ticket. */
export class IdempotencyKeyReused extends DomainError {
  readonly code = 'IDEMPOTENCY_KEY_REUSED';
}

export type PlayErrorCode = (
  InvalidCodeFormat | TicketNotFound | TicketAlreadyPlayed | ContestNotOpen | StaffExcluded | IdempotencyKeyReused
)['code'];
