import { Module } from '@nestjs/common';
import { FoldJob } from './fold-job';
import { StatisticsModule } from './statistics.module';

/** Summing up by the clock: for the service, not for the command line. The scheduler is the application's. */
@Module({ imports: [StatisticsModule], providers: [FoldJob], exports: [FoldJob] })
export class FoldScheduleModule {}
