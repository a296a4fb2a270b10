import { DomainError } from '@tiptop/platform';

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

export type ContestErrorCode = (NoContest | ContestNotFound | ContestSlugTaken)['code'];
