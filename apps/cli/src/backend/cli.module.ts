import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '@tiptop/auth';
import { GameModule } from '@tiptop/game';
import { DeploymentsModule, OpsModule } from '@tiptop/ops';
import {
  type AppConfig,
  ClockModule,
  ConfigModule,
  DatabaseModule,
  LoggingModule,
  MailModule,
  SystemClock,
} from '@tiptop/platform';
import type { Logger } from 'pino';
import { schema } from '../../../../migrations/data-source';
import { SmokeStageModule } from './smoke-stage.module';

/** The services that commands call, on a database that is open and migrated. */
@Module({})
export class CliModule {
  static register(config: AppConfig, logger: Logger): DynamicModule {
    return {
      module: CliModule,
      imports: [
        ConfigModule.register(config),
        LoggingModule.register(logger),
        ClockModule.register(new SystemClock()),
        DatabaseModule.register(schema),
        MailModule,
        AuthModule,
        GameModule,
        SmokeStageModule,
        OpsModule,
        DeploymentsModule,
      ],
    };
  }
}
