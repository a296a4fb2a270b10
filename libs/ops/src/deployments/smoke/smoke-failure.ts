import { StepFailure } from '../../backups/backup-source';

/** One step of a journey, in its report. */
export interface SmokeStep {
  name: string;
  status: 'passed' | 'failed';
  /** What was seen; no address, password, token or code. */
  detail: string;
  ms: number;
}

/** Which step of a journey went wrong, and how. Trying again is not for who asked: a new version either works or does not. */
export class SmokeFailure extends StepFailure {
  /**
   * @param steps all that were taken; the last one has failed
   * @param httpStatus of the answer, where there was one
   * @param problem its code, where it was a problem of ours
   */
  constructor(
    readonly steps: readonly SmokeStep[],
    readonly httpStatus?: number,
    readonly problem?: string,
  ) {
    const last = steps.at(-1);
    super(`smoke journey, ${last?.name ?? 'begin'}: ${last?.detail ?? ''}`, false);
    this.name = 'SmokeFailure';
  }

  /** Name of the step. */
  get step(): string {
    return this.steps.at(-1)?.name ?? '';
  }
}
