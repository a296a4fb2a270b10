import type { Artifact, DatabaseFacts, ImageFacts } from './manifest';

/** What a step of a backup works with. */
export interface BackupContext {
  /** See formatBackupId. */
  readonly id: string;
  /** The partial folder; artifacts are written at their paths below it. */
  readonly folder: string;
  /** Aborted where the run ends early; every child, stream and connection ends with it. */
  readonly signal: AbortSignal;
  /** For a person: how far the step is. */
  readonly progress: (text: string, done?: number, whole?: number) => void;
}

/** What a source has put into the folder. */
export interface SourceProduct {
  artifacts: readonly Artifact[];
  /** Make the run degraded. */
  warnings: readonly string[];
  /** Why the backup is not to be trusted with a slot, though it is whole; among the warnings as well. */
  quarantine?: string;
  /** One line for the report. */
  detail: string;
  tools?: Readonly<Record<string, string>>;
  database?: DatabaseFacts;
  images?: readonly ImageFacts[];
}

/** One part of what is backed up: the database, the images, the configuration, Jenkins. */
export interface BackupSource {
  /** Of its step: `database`, `images`, `configuration`, `jenkins`. */
  readonly name: string;
  /** Why this installation has it switched off, or undefined where it is on. */
  readonly disabled: string | undefined;
  /** Bytes it will need in the folder, from what it finds now; undefined where it can't tell. */
  estimate(signal: AbortSignal): Promise<number | undefined>;
  /**
   * Writes its artifacts, verified as far as it can. May be called again in the same folder after a failure.
   * @throws StepFailure
   */
  produce(context: BackupContext): Promise<SourceProduct>;
}

/** Why a step came to nothing, in words for whoever reads the alert. */
export class StepFailure extends Error {
  /**
   * @param mayPass whether trying again makes sense: a killed dump may succeed, a missing program will not
   */
  constructor(
    message: string,
    readonly mayPass = true,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StepFailure';
  }
}
