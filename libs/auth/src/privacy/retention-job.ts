import { type BeforeApplicationShutdown, Inject, Injectable, type Type } from '@nestjs/common';
import { Cron, SchedulerRegistry } from '@nestjs/schedule';
import { Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { type RetentionOutcome, RetentionService } from './retention.service';

export const RETENTION_JOB = 'retention';

/** How the last run of this process went. */
export interface RetentionRun {
  at: Date;
  /** Undefined where it failed, or where another replica did the work. */
  outcome: RetentionOutcome | undefined;
  failed: boolean;
}

/** Runs the retention by the calendar. It is wired asleep: whoever makes a service of the application starts it. */
@Injectable()
export class RetentionJob implements BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private last: RetentionRun | undefined;

  constructor(
    private readonly retention: RetentionService,
    private readonly schedule: SchedulerRegistry,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Undefined until the first run of this process. */
  get lastRun(): RetentionRun | undefined {
    return this.last;
  }

  /** To be called once the application has started. */
  start(): void {
    this.schedule.getCronJob(RETENTION_JOB).start();
  }

  /** One run. Never rejects; a second call during one waits for it. */
  async run(): Promise<void> {
    this.running ??= this.perform().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async perform(): Promise<void> {
    const at = this.clock.now();
    try {
      const outcome = await this.retention.run(this.stopping.signal);
      this.last = { at, outcome, failed: false };
      if (outcome) this.logger.info({ ...outcome }, 'The retention has run');
      else this.logger.info('Another process is at the retention');
    } catch (err) {
      this.last = { at, outcome: undefined, failed: true };
      this.logger.error({ err }, 'The retention failed; it is tried again at its next time');
    }
  }
}

/**
 * What the scheduler finds and calls. A class for each calendar, since its times stand in a decorator.
 * @param cron five fields, in UTC
 */
export function retentionTimer(cron: string): Type {
  @Injectable()
  class RetentionTimer {
    constructor(private readonly job: RetentionJob) {}

    @Cron(cron, { name: RETENTION_JOB, timeZone: 'UTC', waitForCompletion: true, disabled: true })
    async tick(): Promise<void> {
      await this.job.run();
    }
  }
  return RetentionTimer;
}
