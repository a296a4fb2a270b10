import { DomainError, type FieldProblem } from '@tiptop/platform';

/** The password is too short, known from leaks, or too easily guessed; the field's message names why. */
export class WeakPassword extends DomainError {
  readonly code = 'WEAK_PASSWORD';

  constructor(override readonly fields: readonly FieldProblem[]) {
    super();
  }
}

export type PasswordErrorCode = WeakPassword['code'];
