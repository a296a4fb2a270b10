import { Module } from '@nestjs/common';
import { ContestCounts } from './contest-counts';
import { CounterFolding } from './counter-folding';
import { CounterVerification } from './counter-verification';
import { ParticipationRecords } from './participation-records';
import { TimelineReader } from './timeline-reader';

/** Live counts of the game: how they are summed up, read, and proved. */
@Module({
  providers: [ContestCounts, CounterFolding, CounterVerification, ParticipationRecords, TimelineReader],
  exports: [ContestCounts, CounterFolding, CounterVerification, TimelineReader],
})
export class StatisticsModule {}
