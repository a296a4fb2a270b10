import type { BackupKind } from './backup-id';
import type { BackupCopy, RunStatus, RunTrigger } from './backup-run.entity';
import type { Artifact, StepReport } from './manifest';

/** What a run has come to: the JSON of the report, of which the HTML and the text are made. */
export interface BackupReport {
  id: string;
  environment: string;
  kind: BackupKind;
  trigger: RunTrigger;
  status: Exclude<RunStatus, 'requested' | 'running'>;
  /** ISO 8601, UTC. */
  startedAt: string;
  finishedAt: string;
  seconds: number;
  /** Boxes of the process, in their order; those that are switched off as well. */
  steps: readonly StepReport[];
  copies: readonly BackupCopy[];
  /** None where it came to no archive. */
  archive: { bytes: number; sha256: string } | null;
  artifacts: readonly Artifact[];
  rows: number | null;
  migration: string | null;
  tools: Readonly<Record<string, string>>;
  recipients: readonly string[];
  warnings: readonly string[];
  quarantined: string | null;
  /** The first fault. */
  reason: string | null;
  /** Removed by this run's pruning: place, backup and why. */
  removed: readonly { place: string; id: string; why: string }[];
  /** Free bytes where backups are written, after the run. */
  freeBytes: number | null;
  /** When the calendar asks for the next one; null where it asks for none. */
  nextAt: string | null;
}
