import type { KnownBackup, LoneArchive } from './known-backup';
import type { RetentionDecision } from './retention-plan';

/** What a place holds. */
export interface Survey {
  backups: KnownBackup[];
  loneArchives: LoneArchive[];
  /** What is not ours, and what is ours and not sound. */
  unknown: string[];
  /** Of those, what somebody has to look at. */
  warnings: string[];
}

/** What came of removing a backup: bytes that are free again, or why the place keeps it. */
export type Removal = { bytes: number } | { kept: string };

/** Somewhere that backups are kept and pruned. @throws StepFailure, StoreFailure from every call */
export interface RetentionPlace {
  /** `local`, or a store's name. */
  readonly name: string;
  readonly rules: 'local' | 'store';
  /** Folder or address, for a person. */
  readonly where: string;
  /** @param time the place's own, where it tells one */
  survey(time: Date | undefined, signal: AbortSignal): Promise<Survey>;
  remove(decision: RetentionDecision, signal: AbortSignal): Promise<Removal>;
  /** Clears away what broken uploads left behind. @returns how many */
  sweep(signal: AbortSignal): Promise<number>;
}
