import { setTimeout as pause } from 'node:timers/promises';
import type { StepFailure } from '../../backups/backup-source';
import type { Underway } from '../deployment-watch';

export interface Tries {
  attempts: number;
  /** The first pause, in milliseconds; it doubles. */
  pauseMs: number;
}

/**
 * Does something again after a fault that may pass.
 * @throws what the last try threw, and the signal's reason where it ends a pause
 */
export async function retried<T>(
  work: () => Promise<T>,
  { attempts, pauseMs }: Tries,
  { signal, progress }: Underway,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      // A fault that nobody foresaw may pass as well: the next try tells.
      const mayPass = (error as Partial<StepFailure>).mayPass ?? true;
      if (signal.aborted || !mayPass || attempt >= attempts) throw error;
      progress(`${(error as Error).message}; trying again`);
      await pause(pauseMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => {
        signal.throwIfAborted();
      });
    }
  }
}
