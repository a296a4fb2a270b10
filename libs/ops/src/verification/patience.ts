import { setTimeout as sleep } from 'node:timers/promises';
import { StepFailure } from '../backups/backup-source';
import { StoreFailure } from '../stores/backup-store';

/** How often something is tried, and the first pause between; it doubles. */
export interface Patience {
  attempts: number;
  retrySeconds: number;
}

/**
 * Does something again that has failed and may pass.
 * @throws what it failed with last; the first fault that will not pass
 */
export async function patiently<T>(
  { attempts, retrySeconds }: Patience,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const mayPass = (error instanceof StoreFailure || error instanceof StepFailure) && error.mayPass;
      if (!mayPass || attempt >= attempts || signal.aborted) throw error;
      // Aborted during the pause: the next try says so itself.
      await sleep(retrySeconds * 1000 * 2 ** (attempt - 1), undefined, { signal }).catch(() => undefined);
    }
  }
}
