import type { AuthErrorCode } from '@tiptop/auth';
import type { GameErrorCode } from '@tiptop/game';
import type { OpsErrorCode } from '@tiptop/ops';
import type { DomainError, PlatformErrorCode } from '@tiptop/platform';

/** Raised by sign-in, plays and claims, which no command performs. A new code is either added here or gets a text. */
type RaisedByRequestsOnly =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'ACCOUNT_ARCHIVED'
  | 'INVALID_CREDENTIALS'
  | 'INVALID_REFRESH_TOKEN'
  | 'TERMS_NOT_ACCEPTED'
  | 'TOO_MANY_ATTEMPTS'
  | 'INVALID_TOKEN'
  | 'OAUTH_REFUSED'
  | 'OAUTH_UNAVAILABLE'
  | 'PROFILE_INCOMPLETE'
  | 'RETURN_URL_NOT_ALLOWED'
  | 'SECOND_FACTOR_REQUIRED'
  | 'INVALID_SECOND_FACTOR'
  | 'SECOND_FACTOR_SETUP_REQUIRED'
  | 'SECOND_FACTOR_MANDATORY'
  | 'SECOND_FACTOR_ALREADY_ON'
  | 'SESSION_NOT_FOUND'
  | 'LAST_ADMIN'
  | 'NO_CONTEST'
  | 'INVALID_CODE_FORMAT'
  | 'TICKET_NOT_FOUND'
  | 'TICKET_ALREADY_PLAYED'
  | 'CONTEST_NOT_OPEN'
  | 'STAFF_EXCLUDED'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'IDENTITY_NOT_CHECKED'
  | 'TICKET_NOT_PENDING'
  | 'TICKET_ALREADY_CLAIMED'
  | 'TICKET_NOT_CLAIMED'
  | 'SELF_CLAIM'
  | 'CLAIM_PERIOD_OVER'
  | 'STORE_NOT_FOUND'
  | 'STORE_INACTIVE'
  | 'CONTEST_RUNNING'
  | 'CONTEST_OVER'
  | 'DECK_SEALED'
  | 'PRINT_RUN_UNDER_WAY'
  | 'BACKUP_NOT_FOUND'
  | 'DEPLOYMENT_NOT_FOUND';

export type CommandErrorCode = Exclude<
  PlatformErrorCode | AuthErrorCode | GameErrorCode | OpsErrorCode,
  RaisedByRequestsOnly
>;

/** One sentence for an operator; `{name}` is replaced by the error's parameter. A code without one does not compile. */
const TEXTS: Readonly<Record<CommandErrorCode, string>> = {
  VALIDATION_FAILED: 'Some of the information is missing or malformed.',
  DATABASE_UNAVAILABLE: 'The database can’t be reached, or went away.',
  EMAIL_TAKEN: 'There is an account with this e-mail address.',
  UNDERAGE: 'The birth date is that of somebody younger than {age}, the minimum age.',
  WEAK_PASSWORD: 'The password is too weak.',
  SECOND_FACTOR_NOT_ON: 'The account has no second factor.',
  CONTEST_NOT_FOUND: 'There is no contest of this name.',
  CONTEST_SLUG_TAKEN: 'There is a contest of this name; choose another one with --slug.',
  PRINT_RUN_CLOSED: 'The contest has begun with the tickets it has; no more can be added.',
  OPERATION_UNDER_WAY:
    'Something else is at work on this installation ({operation}, by {owner}, since {since}); try again later.',
  IMPORT_REFUSED: 'The file has unusable lines ({lines}); nothing was imported.',
};

export function errorText(error: DomainError): string {
  const text = (TEXTS as Readonly<Record<string, string>>)[error.code] ?? `The command was refused (${error.code}).`;
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => String(error.params[name] ?? placeholder));
}

/** What is wrong with one field or line, by the name of the broken constraint. */
const FIELD_TEXTS: Readonly<Record<string, string>> = {
  isString: 'must be a text',
  isEmail: 'must be an e-mail address',
  minLength: 'is too short',
  maxLength: 'is too long',
  matches: 'contains characters that are not allowed',
  isCalendarDay: 'must be a real date from 1900 on, YYYY-MM-DD',
  'password.tooShort': 'must have at least ten characters',
  'password.breached': 'is in lists of leaked passwords',
  'password.guessable': 'is too easily guessed',
  'import.format': 'holds no valid code',
  'import.repeated': 'repeats a code of the file',
  'import.taken': 'has a code that exists already',
  'import.empty': 'holds no code at all',
};

/** @param key name of a constraint or of a message above */
export function fieldText(key: string): string {
  return FIELD_TEXTS[key] ?? 'is not valid';
}
