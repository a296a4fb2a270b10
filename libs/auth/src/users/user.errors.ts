import { DomainError } from '@tiptop/platform';

/** Another account has this e-mail address. */
export class EmailTaken extends DomainError {
  readonly code = 'EMAIL_TAKEN';
}

/** The person is younger than the contest's rules allow. */
export class Underage extends DomainError {
  readonly code = 'UNDERAGE';
  override readonly params: { age: number };

  /** @param age the youngest age allowed, in years */
  constructor(age: number) {
    super();
    this.params = { age };
  }
}

/** The terms of the contest were not accepted. */
export class TermsNotAccepted extends DomainError {
  readonly code = 'TERMS_NOT_ACCEPTED';
}

/** The last active administrator can't be demoted, archived or erased. */
export class LastAdmin extends DomainError {
  readonly code = 'LAST_ADMIN';
}

export type UserErrorCode = (EmailTaken | Underage | TermsNotAccepted | LastAdmin)['code'];
