import { DomainError } from '@tiptop/platform';

/** The employee has not confirmed having checked the person's identity. */
export class IdentityNotChecked extends DomainError {
  readonly code = 'IDENTITY_NOT_CHECKED';
}

/** The ticket has not been played: there is nothing to hand over. */
export class TicketNotPending extends DomainError {
  readonly code = 'TICKET_NOT_PENDING';
}

/** The prize has been handed over. */
export class TicketAlreadyClaimed extends DomainError {
  readonly code = 'TICKET_ALREADY_CLAIMED';
}

/** The prize has not been handed over: there is nothing to undo. */
export class TicketNotClaimed extends DomainError {
  readonly code = 'TICKET_NOT_CLAIMED';
}

/** Nobody hands a prize to themselves. */
export class SelfClaim extends DomainError {
  readonly code = 'SELF_CLAIM';
}

/** The time for handing over prizes is past. */
export class ClaimPeriodOver extends DomainError {
  readonly code = 'CLAIM_PERIOD_OVER';
}

/** There is no such shop. */
export class StoreNotFound extends DomainError {
  readonly code = 'STORE_NOT_FOUND';
}

/** No prizes are handed over in this shop any more. */
export class StoreInactive extends DomainError {
  readonly code = 'STORE_INACTIVE';
}

export type ClaimErrorCode = (
  | IdentityNotChecked
  | TicketNotPending
  | TicketAlreadyClaimed
  | TicketNotClaimed
  | SelfClaim
  | ClaimPeriodOver
  | StoreNotFound
  | StoreInactive
)['code'];
