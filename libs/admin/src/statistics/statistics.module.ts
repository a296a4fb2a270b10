import { Module } from '@nestjs/common';
import { GameModule } from '@tiptop/game';
import { StatisticsController } from './statistics.controller';
import { StatisticsService } from './statistics.service';

@Module({ imports: [GameModule], controllers: [StatisticsController], providers: [StatisticsService] })
export class AdminStatisticsModule {}
