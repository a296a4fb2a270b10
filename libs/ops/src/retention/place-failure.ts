import { StepFailure } from '../backups/backup-source';
import { stopped } from '../database/stopped';
import { StoreFailure } from '../stores/backup-store';

/**
 * Why a place did not do what it was asked.
 * @throws what is no failure in words
 */
export function placeFailure(error: unknown, signal: AbortSignal, doing: string): StepFailure {
  if (signal.aborted) return stopped(signal, doing);
  if (error instanceof StepFailure) return error;
  if (error instanceof StoreFailure) return new StepFailure(error.message, error.mayPass, { cause: error });
  throw error;
}
