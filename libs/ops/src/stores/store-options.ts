import type { Logger } from 'pino';
import type { CallLimits } from './call-watch';

/** What every store is given besides its own settings. */
export interface StoreOptions {
  limits: CallLimits;
  /** Told of what is no failure and still worth knowing: why a file was kept, what was left for the sweeping. */
  logger: Pick<Logger, 'info' | 'warn'>;
}

/** Most bytes of a file that is read as a text. */
export const TEXT_BYTES = 16 * 1024 * 1024;

/** Left behind by an upload for so long, it is swept. */
export const LEFTOVER_MS = 24 * 60 * 60 * 1000;

/** A call may last longer than a day: what an upload under way has stored is no leftover before its time is over. */
export function leftoverAgeMs({ totalMs }: CallLimits): number {
  return Math.max(LEFTOVER_MS, 2 * totalMs);
}
