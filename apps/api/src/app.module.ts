import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { AdminModule } from '@tiptop/admin';
import { AuthModule, RetentionScheduleModule, SocialModule } from '@tiptop/auth';
import { FoldScheduleModule, GameModule, ReminderScheduleModule } from '@tiptop/game';
import { BackupScheduleModule, OpsHttpModule, OpsModule } from '@tiptop/ops';
import {
  type AppConfig,
  type Clock,
  ClockModule,
  ConfigModule,
  DatabaseModule,
  LoggingModule,
  MailDeliveryModule,
  MailModule,
} from '@tiptop/platform';
import type { Logger } from 'pino';
import { schema } from '../../../migrations/data-source';
import { HealthModule } from './health/health.module';
import { ProblemFilter } from './http/problem.filter';
import { createValidationPipe } from './http/validation.pipe';
import { MetricsModule } from './metrics/metrics.module';

/** The HTTP service. */
@Module({})
export class AppModule {
  static register(config: AppConfig, logger: Logger, clock: Clock): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.register(config),
        LoggingModule.register(logger),
        ClockModule.register(clock),
        DatabaseModule.register(schema),
        MailModule,
        MailDeliveryModule,
        AuthModule,
        SocialModule.register(config),
        GameModule,
        AdminModule,
        OpsHttpModule,
        BackupScheduleModule.register(OpsModule),
        RetentionScheduleModule.register(config),
        FoldScheduleModule,
        ReminderScheduleModule,
        HealthModule,
        MetricsModule,
      ],
      providers: [
        ProblemFilter,
        { provide: APP_FILTER, useExisting: ProblemFilter },
        { provide: APP_PIPE, useFactory: createValidationPipe },
      ],
    };
  }
}
