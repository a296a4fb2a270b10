import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import type { ScheduledKind } from '../backups/backup-id';
import { CronSlots } from './cron-slots';

const SUNDAY = 0;

/** When backups are made, and what for; all in UTC. */
@Injectable()
export class BackupCalendar {
  private readonly slots: CronSlots;

  /** @throws ConfigError */
  constructor({ ops }: AppConfig) {
    this.slots = new CronSlots(ops.backupCron, 'BACKUP_CRON');
  }

  /** @returns the first slot after an instant, or null where there is none in the next eight years */
  next(after: Date): Date | null {
    return this.slots.next(after);
  }

  /** The last slot up to an instant, itself included. */
  latest(now: Date): Date {
    return this.slots.latest(now);
  }

  /** Named after the longest time that a backup of this day may be kept for. */
  kindOf(slot: Date): ScheduledKind {
    if (slot.getUTCDate() === 1) return 'monthly';
    return slot.getUTCDay() === SUNDAY ? 'weekly' : 'daily';
  }
}
