import { StepFailure, StoreFailure } from '@tiptop/ops';
import {
  ConfigError,
  DatabaseUnavailable,
  DomainError,
  EmbeddedPostgresError,
  isDatabaseUnavailable,
  scrub,
} from '@tiptop/platform';
import { EXIT, type ExitCode } from '../output/exit-codes';
import { CommandError, UsageError } from './cli-error';
import { errorText, fieldText } from './error-texts';

/** A failure as it is told. */
export interface Failure {
  exitCode: ExitCode;
  code: string;
  message: string;
  errors?: readonly { path: string; message: string }[] | undefined;
}

/** What commander throws in the place of ending the process: for a wrong command line, and after printing help. */
interface CommanderError extends Error {
  code: string;
  /** 0 after help that was asked for. */
  exitCode: number;
}

function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

/** Whether the command has done what it was asked, namely to print its help. */
export function isHelpShown(error: unknown): boolean {
  return isCommanderError(error) && error.exitCode === 0;
}

/** Whether nobody foresaw this error, so that its stack is worth logging. */
export function isUnforeseen(failure: Failure): boolean {
  return failure.code === 'INTERNAL_ERROR';
}

/** Turns whatever was thrown into what is told of it. No secret, no stack. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof UsageError) {
    return { exitCode: EXIT.usage, code: 'WRONG_USAGE', message: error.message, errors: error.errors };
  }
  if (isCommanderError(error)) {
    return { exitCode: EXIT.usage, code: 'WRONG_USAGE', message: commanderText(error) };
  }
  if (error instanceof DomainError) {
    const errors = error.fields?.map(({ path, message }) => ({ path, message: fieldText(message) }));
    return failed(error.code, errorText(error), errors);
  }
  if (error instanceof CommandError) return failed(error.code, error.message);
  // Their words are for whoever reads the alert, and hold no secret.
  if (error instanceof StepFailure || error instanceof StoreFailure) return failed('STEP_FAILED', `${error.message}.`);
  if (error instanceof ConfigError) return failed('WRONG_CONFIGURATION', error.message);
  if (error instanceof EmbeddedPostgresError) return failed('EMBEDDED_DATABASE', error.message);
  if (isDatabaseUnavailable(error)) return describeFailure(new DatabaseUnavailable(error));
  if (isConnectionRefused(error)) {
    return failed('DATABASE_REFUSED', `The database refuses the connection: ${scrub(firstLine(error))}.`);
  }
  return failed('INTERNAL_ERROR', `Something unforeseen went wrong: ${scrub(firstLine(error))}`);
}

function failed(code: string, message: string, errors?: Failure['errors']): Failure {
  return { exitCode: EXIT.failed, code, message, errors };
}

/** SQLSTATE 28xxx, a wrong user or password, and 3D000, an unknown database. */
function isConnectionRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(28...|3D000)$/.test(String(error.code));
}

function commanderText(error: CommanderError): string {
  // Without any command commander shows the help, on stderr, and says no more than this.
  if (error.code === 'commander.help') return 'a command is missing';
  return error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.split('\n', 1)[0] ?? '';
}
