import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '@tiptop/platform';
import { StepFailure } from './backup-source';
import type { RunObserver } from './backup-runs';
import type { StepReport } from './manifest';

/** What a step came to. */
export interface StepResult<T> {
  value: T;
  detail: string;
  /** Make it degraded. */
  warnings?: readonly string[];
}

export interface StepTries {
  attempts: number;
  /** First pause; it doubles. */
  pauseMs: number;
  /** Told of the first failure that is tried again. */
  retrying: (step: string, error: Error) => Promise<void>;
}

/** @param progress for whoever watches */
export type StepWork<T> = (progress: (text: string, done?: number, whole?: number) => void) => Promise<StepResult<T>>;

/** The steps of a run as they are taken: each timed, tried again where that makes sense, and written down. */
export class RunSteps {
  readonly reports: StepReport[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
    private readonly observer: RunObserver,
    /** Told when a step begins and when it ends. */
    private readonly changed: (step: string | null, reports: readonly StepReport[]) => Promise<void>,
  ) {}

  /**
   * @param work is called again after a failure that may pass
   * @throws what the last try threw; it is written down as failed
   */
  async take<T>(name: string, work: StepWork<T>, tries: Partial<StepTries> = {}): Promise<T> {
    if (this.signal.aborted) {
      // Ended between two steps: whoever is told has to know how far it came.
      const detail = reasonOf(this.signal);
      await this.end({ name, status: 'failed', startedAt: this.clock.now().toISOString(), attempts: 0, detail });
      this.signal.throwIfAborted();
    }
    return this.perform(name, work, tries, this.signal);
  }

  /**
   * A step that is taken all the same after the run was ended: whoever waits has to be told.
   * @throws what the work threw; it is written down as failed
   */
  async after<T>(name: string, work: StepWork<T>): Promise<T> {
    return this.perform(name, work, {}, new AbortController().signal);
  }

  /** Writes down a step that is not taken. */
  async skip(name: string, status: 'disabled' | 'degraded', detail: string): Promise<void> {
    await this.end({ name, status, startedAt: this.clock.now().toISOString(), attempts: 0, detail });
  }

  private async perform<T>(
    name: string,
    work: StepWork<T>,
    tries: Partial<StepTries>,
    signal: AbortSignal,
  ): Promise<T> {
    const startedAt = this.clock.now().toISOString();
    await this.changed(name, this.reports);
    const progress = (text: string, done?: number, whole?: number): void => {
      this.observer.progress(name, text, done, whole);
    };
    progress('');
    for (let attempt = 1; ; attempt++) {
      try {
        const { value, detail, warnings = [] } = await work(progress);
        const status = warnings.length > 0 ? 'degraded' : 'passed';
        await this.end({ name, status, startedAt, attempts: attempt, detail: [detail, ...warnings].join('; ') });
        return value;
      } catch (error) {
        const reason = error as Error;
        if (attempt >= (tries.attempts ?? 1) || !mayPass(reason) || signal.aborted) {
          const detail = signal.aborted ? reasonOf(signal) : reason.message;
          await this.end({ name, status: 'failed', startedAt, attempts: attempt, detail });
          throw error;
        }
        if (attempt === 1) await tries.retrying?.(name, reason);
        progress(`${reason.message}; trying again`);
        await pause((tries.pauseMs ?? 0) * 2 ** (attempt - 1), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async end(report: Omit<StepReport, 'finishedAt'>): Promise<void> {
    const done = { ...report, finishedAt: this.clock.now().toISOString() };
    this.reports.push(done);
    this.observer.finished(done);
    await this.changed(null, this.reports);
  }
}

/** A fault that nobody foresaw may pass as well: the next try tells. */
function mayPass(error: unknown): boolean {
  return (error as Partial<StepFailure>).mayPass ?? true;
}

/** Why a signal was aborted, for a person. */
export function reasonOf(signal: AbortSignal): string {
  const { reason } = signal as { reason: unknown };
  return `interrupted: ${reason instanceof Error ? reason.message : String(reason)}`;
}
