import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import type { AppConfig } from '@tiptop/platform';
import { RetentionJob, retentionTimer } from './retention-job';

/** Retention by the calendar: for the service, not for the command line. */
@Module({})
export class RetentionScheduleModule {
  static register(config: AppConfig): DynamicModule {
    return {
      module: RetentionScheduleModule,
      imports: [ScheduleModule.forRoot()],
      providers: [RetentionJob, retentionTimer(config.retention.cron)],
      exports: [RetentionJob],
    };
  }
}
