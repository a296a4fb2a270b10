import { Module } from '@nestjs/common';
import { ContestsModule } from '../contests/contests.module';
import { CodeBudget } from './code-budget';
import { LeftoverDealer } from './leftover-dealer';
import { PlaysController } from './plays.controller';
import { PlaysService } from './plays.service';

@Module({
  imports: [ContestsModule],
  controllers: [PlaysController],
  providers: [CodeBudget, LeftoverDealer, PlaysService],
})
export class PlaysModule {}
