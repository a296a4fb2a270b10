import type { RunObserver } from '../backups/backup-runs';

/** What a drill does with one backup, in this order. */
export type DrillStep = 'find' | 'space' | 'fetch' | 'open' | 'restore';

/** How one backup did. */
export interface DrillVerdict {
  /** `local`, or the store's name. */
  source: string;
  /** See NO_BACKUP, where it never came to one. */
  backupId: string;
  /** `newest`: opened and restored. `oldest`: opened, so that it is known that the keys of that time are still at hand. */
  part: 'newest' | 'oldest';
  passed: boolean;
  /** Where it failed; null where it passed. */
  failedAt: DrillStep | null;
  /** For a person: what was done and compared, or why it failed. */
  detail: string;
}

export interface DrillOutcome {
  /** `disabled`: there is no drill key, and nothing was tried. `degraded`: all passed, and there are warnings. */
  status: 'passed' | 'degraded' | 'failed' | 'disabled';
  verdicts: readonly DrillVerdict[];
  warnings: readonly string[];
  /** One line. */
  detail: string;
}

export interface DrillRequest {
  /** One place only: `local`, or a store's name. All stores where left out; the local folder where there is no store. */
  store?: string | undefined;
  signal: AbortSignal;
  observer?: RunObserver | undefined;
}
