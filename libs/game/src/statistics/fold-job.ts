import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { Cron, SchedulerRegistry } from '@nestjs/schedule';
import { LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { CounterFolding } from './counter-folding';
import { FOLDING_LOCK } from './counter-sql';

/** Sums up every other second. It is wired asleep: whoever makes a service of the application starts it. */
@Injectable()
export class FoldJob implements BeforeApplicationShutdown {
  private running: Promise<void> | undefined;
  private failing = false;

  constructor(
    private readonly folding: CounterFolding,
    private readonly schedule: SchedulerRegistry,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** To be called once the application has started. */
  start(): void {
    this.schedule.getCronJob(FOLDING_LOCK).start();
  }

  /** One run. Never rejects; a second call during one waits for it. */
  @Cron('*/2 * * * * *', { name: FOLDING_LOCK, timeZone: 'UTC', waitForCompletion: true, disabled: true })
  async run(): Promise<void> {
    this.running ??= this.perform().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.running;
  }

  private async perform(): Promise<void> {
    try {
      await this.folding.fold();
      this.failing = false;
    } catch (err) {
      // Told once, not every other second; what is asked for stays right meanwhile.
      if (!this.failing) this.logger.warn({ err }, 'The counters could not be summed up; it is tried again in seconds');
      this.failing = true;
    }
  }
}
