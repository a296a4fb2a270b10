import { Injectable } from '@nestjs/common';
import { AppConfig, Clock } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { CronSlots } from './cron-slots';

/** Monday, two hours after the backup that was made on Sunday’s kind of day has usually ended. */
const DRILL_CRON = '0 4 * * 1';

/** When a backup is tried out from end to end: once a week, as soon as the service is there. */
@Injectable()
export class DrillSlots {
  private readonly slots = new CronSlots(DRILL_CRON, 'The time of the drill');
  private tried: Date | undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly database: DataSource,
  ) {}

  /**
   * @returns the slot that is due; undefined where it is done, or this installation has no key for it
   * @throws what the database says
   */
  async due(): Promise<Date | undefined> {
    if (this.config.ops.drillKeyFile === undefined) return undefined;
    const now = this.clock.now();
    const slot = this.slots.latest(now);
    if (this.tried?.getTime() === slot.getTime()) return undefined;
    const done = await this.database.query<unknown[]>(
      `SELECT 1 FROM backup_verifications WHERE level = 'drill' AND started_at BETWEEN $1 AND $2 LIMIT 1`,
      [slot, now],
    );
    return done.length === 0 ? slot : undefined;
  }

  /** It is not tried again by this process. */
  markTried(slot: Date): void {
    this.tried = slot;
  }
}
