/** The command line is not understood; the message says what was expected. */
export class UsageError extends Error {
  /** @param errors options at fault, where there are several */
  constructor(
    message: string,
    readonly errors?: readonly { path: string; message: string }[],
  ) {
    super(message);
  }
}

/** What only the command line can refuse. The message is all an operator needs. */
export class CommandError extends Error {
  constructor(
    readonly code:
      | 'BACKUP_TAKEN'
      | 'KEY_NOT_WRITTEN'
      | 'MIGRATION_BLOCKED'
      | 'MIGRATIONS_PENDING'
      | 'NO_TICKETS'
      | 'RETENTION_RUNNING'
      | 'SERVICE_ROLE_UNFIT'
      | 'USER_NOT_FOUND'
      | 'WRONG_DECK_SECRET'
      | 'WRONG_ENVIRONMENT',
    message: string,
  ) {
    super(message);
  }
}
