import type { AuditActor } from '@tiptop/platform';
import type { BackupKind } from './backup-id';
import type { BackupRun, RunTrigger } from './backup-run.entity';
import type { StepReport } from './manifest';

/** So often a slot of the calendar is tried. */
export const MOST_TRIES = 3;

/** For whoever watches a run. */
export interface RunObserver {
  /** A step has begun, or is so far: in bytes or in anything else that counts up to `whole`. */
  progress(step: string, text: string, done?: number, whole?: number): void;
  /** A step is over. */
  finished(step: StepReport): void;
}

export interface RunRequest {
  kind: BackupKind;
  trigger: RunTrigger;
  /** The time of the calendar that it is for. */
  slot?: Date;
  /** Who asks for it, for the audit log; left out where the calendar does, or where it stands there already. */
  by?: AuditActor;
  /** Of a row with status `requested` that is to be taken up. */
  requested?: string;
  signal: AbortSignal;
  observer?: RunObserver;
}

/** Makes backups, one at a time. */
export abstract class BackupRuns {
  /**
   * Makes a backup: resolves with the run's row once it is over, however it went; a fault of the run is no rejection.
   * @returns undefined where another process has, or has had, this slot or this request
   * @throws OperationUnderWay where something else is at work on this installation
   */
  abstract run(request: RunRequest): Promise<BackupRun | undefined>;

  /**
   * As run, for whoever holds the lease of this installation for something else: a deployment, which begins with a backup.
   * @param owner for the run's row; the request's signal ends with the lease
   */
  abstract runWithin(owner: string, request: RunRequest): Promise<BackupRun | undefined>;

  /**
   * Clears up after runs whose process has died; whoever begins a run does so as well.
   * @throws OperationUnderWay where one is under way
   */
  abstract recover(signal: AbortSignal): Promise<void>;
}
