import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { Cron, SchedulerRegistry } from '@nestjs/schedule';
import { LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { type RemindersOutcome, RemindersService } from './reminders.service';

export const REMINDER_JOB = 'reminders';
/** Often, and cheap: what is due is posted soon after the service comes back, whenever that is. */
const EVERY_TEN_MINUTES = '*/10 * * * *';

/** Runs the reminders by the calendar. It is wired asleep: whoever makes a service of the application starts it. */
@Injectable()
export class ReminderJob implements BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private last: { outcome: RemindersOutcome | undefined; failed: boolean } | undefined;

  constructor(
    private readonly reminders: RemindersService,
    private readonly schedule: SchedulerRegistry,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** How the last run of this process went; its outcome is undefined where it failed, or where another one did the work. */
  get lastRun(): { outcome: RemindersOutcome | undefined; failed: boolean } | undefined {
    return this.last;
  }

  /** To be called once the application has started. */
  start(): void {
    this.schedule.getCronJob(REMINDER_JOB).start();
  }

  @Cron(EVERY_TEN_MINUTES, { name: REMINDER_JOB, timeZone: 'UTC', waitForCompletion: true, disabled: true })
  async tick(): Promise<void> {
    await this.run();
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
    try {
      const outcome = await this.reminders.run(this.stopping.signal);
      this.last = { outcome, failed: false };
      if (outcome && outcome.posted > 0) this.logger.info({ ...outcome }, 'Reminders were posted');
    } catch (err) {
      this.last = { outcome: undefined, failed: true };
      this.logger.error({ err }, 'The reminders failed; they are tried again at their next time');
    }
  }
}
