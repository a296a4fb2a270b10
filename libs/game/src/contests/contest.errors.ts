import { DomainError, type FieldProblem } from '@tiptop/platform';

/** There is no contest at all. */
export class NoContest extends DomainError {
  readonly code = 'NO_CONTEST';
}

/** The contest of that name does not exist. */
export class ContestNotFound extends DomainError {
  readonly code = 'CONTEST_NOT_FOUND';
}

/** Another contest has that slug. */
export class ContestSlugTaken extends DomainError {
  readonly code = 'CONTEST_SLUG_TAKEN';
}

/** The contest runs: what was announced may be bettered, not worsened. */
export class ContestRunning extends DomainError {
  readonly code = 'CONTEST_RUNNING';

  constructor(override readonly fields: readonly FieldProblem[]) {
    super();
  }
}

/** The contest is over; its dates are final. */
export class ContestOver extends DomainError {
  readonly code = 'CONTEST_OVER';

  constructor(override readonly fields: readonly FieldProblem[]) {
    super();
  }
}

/** The deck is sealed: which prizes there are, and how often each, is final. */
export class DeckSealed extends DomainError {
  readonly code = 'DECK_SEALED';

  constructor(override readonly fields: readonly FieldProblem[]) {
    super();
  }
}

export type ContestErrorCode = (
  NoContest | ContestNotFound | ContestSlugTaken | ContestRunning | ContestOver | DeckSealed
)['code'];
