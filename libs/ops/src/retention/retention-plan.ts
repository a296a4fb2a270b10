import type { BackupKind } from '../backups/backup-id';

/** What pruning would do with one backup, and why. */
export interface RetentionDecision {
  id: string;
  kind: BackupKind;
  /** ISO 8601, UTC: when the backup was begun. */
  at: string;
  bytes: number;
  decision: 'keep' | 'remove';
  /** For a person; one or more. */
  reasons: string[];
  /** An archive without its manifest: no backup, and only the archive goes. */
  leftover: boolean;
  /** It is due, and kept only because one run removes no more. */
  deferred: boolean;
}

/** What pruning would do in one place. */
export interface PlacePlan {
  /** `local`, or a store's name. */
  place: string;
  /** Folder or address, for a person. */
  where: string;
  /** Why nothing at all is removed there: a clock that can't be trusted. */
  refused: string | null;
  /** Id of the backup that ages are measured from. */
  newestVerified: string | null;
  /** Newest first. */
  decisions: RetentionDecision[];
  /** What is no backup of ours, or none that can be told to be whole. It is left alone. */
  unknown: string[];
  /** Why the place could not be asked. */
  error: string | null;
}

/** What pruning would do, everywhere. It is plain JSON. */
export interface RetentionPlan {
  /** ISO 8601, UTC. */
  at: string;
  places: PlacePlan[];
}

/** What pruning has done in one place. */
export interface PruneOutcome {
  place: string;
  removed: { id: string; why: string; bytes: number }[];
  failed: { id: string; why: string }[];
  /** What the store does not give away, by Object Lock or for want of the right: as it was set up, hence no failure. */
  kept: { id: string; why: string }[];
  freedBytes: number;
  /** One line for the report. */
  detail: string;
  warnings: string[];
}
