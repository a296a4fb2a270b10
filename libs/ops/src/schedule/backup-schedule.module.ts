import { type DynamicModule, Module } from '@nestjs/common';
import { BackupScheduler } from './backup-scheduler';
import { DrillSlots } from './drill-slots';
import { DueSlots } from './due-slots';
import { SlotAlerts } from './slot-alerts';

/** Backups by the calendar: for the service, not for the command line. The scheduler is the application's. */
@Module({})
export class BackupScheduleModule {
  /** @param parts modules that give BackupRuns, DrillRuns, BackupCalendar, LocalBackups, BackupWatch and Alerts */
  static register(...parts: NonNullable<DynamicModule['imports']>): DynamicModule {
    return {
      module: BackupScheduleModule,
      imports: parts,
      providers: [BackupScheduler, DrillSlots, DueSlots, SlotAlerts],
      exports: [BackupScheduler],
    };
  }
}
