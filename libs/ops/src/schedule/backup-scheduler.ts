import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { Cron, SchedulerRegistry } from '@nestjs/schedule';
import { AppConfig, isDatabaseUnavailable, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import type { BackupKind } from '../backups/backup-id';
import type { RunTrigger } from '../backups/backup-run.entity';
import { BackupRuns } from '../backups/backup-runs';
import { BackupWatch } from '../health/backup-watch';
import { DrillRuns } from './drill-runs';
import { DrillSlots } from './drill-slots';
import { DueSlots } from './due-slots';
import { OperationUnderWay } from './operation.errors';
import { SlotAlerts } from './slot-alerts';

export const BACKUP_JOB = 'backups';
/** What is due is asked of the database each time: a tick that is missed costs a minute. */
const EVERY_MINUTE = '* * * * *';

interface Request {
  id: string;
  kind: BackupKind;
  trigger: RunTrigger;
}

const REQUESTS = `
  SELECT id, kind, trigger FROM backup_runs
  WHERE environment = $1 AND status = 'requested' ORDER BY started_at, id`;

/**
 * Makes the backups that were asked for and those of the calendar, and tries one out each week. Each replica tries; the lease
 * and the slot's row let one win. It is wired asleep: whoever makes a service of the application starts it.
 */
@Injectable()
export class BackupScheduler implements BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private clearedUp = false;

  constructor(
    private readonly config: AppConfig,
    private readonly runs: BackupRuns,
    private readonly drills: DrillRuns,
    private readonly slots: DueSlots,
    private readonly drillSlots: DrillSlots,
    private readonly alerts: SlotAlerts,
    @Inject(BackupWatch) private readonly watch: Pick<BackupWatch, 'look'>,
    private readonly database: DataSource,
    private readonly schedule: SchedulerRegistry,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** To be called once the application has started, where OPS_SCHEDULER is on. What was missed is caught up at once. */
  start(): void {
    this.schedule.getCronJob(BACKUP_JOB).start();
    void this.run();
  }

  @Cron(EVERY_MINUTE, { name: BACKUP_JOB, timeZone: 'UTC', waitForCompletion: true, disabled: true })
  async tick(): Promise<void> {
    await this.run();
  }

  /** One look at what is due. Never rejects; a second call during one waits for it. */
  async run(): Promise<void> {
    if (this.stopping.signal.aborted) return this.running;
    this.running ??= this.perform().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** A backup under way is given up; the next process catches it up. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort(new Error('The service stops'));
    await this.running;
  }

  private async perform(): Promise<void> {
    const runDueSlot = (): Promise<void> => this.runDueSlot();
    await this.watch.look(this.stopping.signal);
    for (const part of [() => this.clearUp(), () => this.takeUpRequests(), runDueSlot, () => this.runDueDrill()]) {
      if (this.stopping.signal.aborted || (await this.endsTheTick(part, part === runDueSlot))) return;
    }
  }

  /** One fault must not keep the parts after it from their turn, unless it is theirs as well. */
  private async endsTheTick(part: () => Promise<void>, isOfSlot: boolean): Promise<boolean> {
    try {
      await part();
      return false;
    } catch (err) {
      if (this.stopping.signal.aborted) return true;
      if (err instanceof OperationUnderWay) {
        this.logger.debug(
          { operation: err.operation, owner: err.owner },
          'Something else is under way; the next tick tries',
        );
        return true;
      }
      this.logger.warn({ err }, 'The calendar of backups could not be followed; the next tick tries again');
      const isDown = isDatabaseUnavailable(err);
      if (isDown || isOfSlot) await this.alerts.missed(this.slots.newest, err);
      return isDown;
    }
  }

  /** After those that have died, whoever made them: once, as soon as it can be. */
  private async clearUp(): Promise<void> {
    if (this.clearedUp) return;
    await this.runs.recover(this.stopping.signal);
    this.clearedUp = true;
  }

  private async takeUpRequests(): Promise<void> {
    const requests: Request[] = await this.database.query(REQUESTS, [this.config.ops.environment]);
    const { signal } = this.stopping;
    for (const { id, kind, trigger } of requests) {
      signal.throwIfAborted();
      await this.runs.run({ kind, trigger, requested: id, signal });
    }
  }

  private async runDueSlot(): Promise<void> {
    const { signal } = this.stopping;
    const { state, ...due } = await this.slots.look();
    switch (state) {
      case 'waiting':
        return;
      case 'settled':
        this.alerts.settle(due.slot);
        return;
      case 'dead':
        // It is told of now, and made again in its time.
        await this.runs.recover(signal);
        return;
      case 'due': {
        const run = await this.runs.run({ ...due, signal });
        if (run && run.status !== 'failed') this.alerts.settle(due.slot);
      }
    }
  }

  private async runDueDrill(): Promise<void> {
    const slot = await this.drillSlots.due();
    if (!slot) return;
    try {
      await this.drills.run(this.stopping.signal);
    } catch (err) {
      if (err instanceof OperationUnderWay || this.stopping.signal.aborted) throw err;
      this.logger.error({ err }, 'The drill failed before it could tell of itself; it is due again next week');
    }
    this.drillSlots.markTried(slot);
  }
}
