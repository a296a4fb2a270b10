import type { RunStatus } from '../backups/backup-run.entity';
import type { VerificationLevel } from '../backups/backup-verification.entity';

/** The last run that is over, however it went. */
export interface LastRun {
  id: string;
  status: Exclude<RunStatus, 'requested' | 'running'>;
  startedAt: Date;
  finishedAt: Date;
  /** Of its archive; null where it came to none. */
  bytes: number | null;
}

/** A backup that was tried out, and did not pass. */
export interface FailedTrial {
  level: VerificationLevel;
  backupId: string;
  /** `local`, or the store's name. */
  source: string;
  detail: string;
}

/** What the rows say of an environment's backups. */
export interface BackupState {
  /** When the newest backup was begun of which a copy away from this machine is verified; no quarantined one. */
  remoteAt: Date | null;
  /** The same of the local copies. */
  localAt: Date | null;
  /** Whether the newest backup was to go to a store, whatever came of that; null where there is no backup at all. */
  hasStores: boolean | null;
  lastRun: LastRun | null;
  /** The newest of the calendar's runs, where it failed and no run has come to a backup since. */
  failedNight: { id: string; reason: string | null } | null;
  /** Of the last trial of each level and source. */
  failedTrials: readonly FailedTrial[];
}
