import { DomainError } from '@tiptop/platform';

/** Who signs in has a second factor and did not show it; the same call with it will do. */
export class SecondFactorRequired extends DomainError {
  readonly code = 'SECOND_FACTOR_REQUIRED';
}

/** The code is not the authenticator's, or was used before. */
export class InvalidSecondFactor extends DomainError {
  readonly code = 'INVALID_SECOND_FACTOR';
}

/** An administrator must set up a second factor before anything else. */
export class SecondFactorSetupRequired extends DomainError {
  readonly code = 'SECOND_FACTOR_SETUP_REQUIRED';
}

/** The second factor is on already. */
export class SecondFactorAlreadyOn extends DomainError {
  readonly code = 'SECOND_FACTOR_ALREADY_ON';
}

/** There is no second factor to confirm or to end. */
export class SecondFactorNotOn extends DomainError {
  readonly code = 'SECOND_FACTOR_NOT_ON';
}

/** An administrator may replace the second factor, and not do without. */
export class SecondFactorMandatory extends DomainError {
  readonly code = 'SECOND_FACTOR_MANDATORY';
}

export type SecondFactorErrorCode = (
  | SecondFactorRequired
  | InvalidSecondFactor
  | SecondFactorSetupRequired
  | SecondFactorAlreadyOn
  | SecondFactorNotOn
  | SecondFactorMandatory
)['code'];
