import { Module } from '@nestjs/common';
import { ContestsModule } from '../contests/contests.module';
import { MyTicketsController } from './my-tickets.controller';
import { MyTicketsService } from './my-tickets.service';
import { PrintRunService } from './print-run.service';

@Module({
  imports: [ContestsModule],
  controllers: [MyTicketsController],
  providers: [MyTicketsService, PrintRunService],
  exports: [PrintRunService],
})
export class TicketsModule {}
