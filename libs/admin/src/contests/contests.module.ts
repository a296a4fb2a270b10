import { Module } from '@nestjs/common';
import { GameModule } from '@tiptop/game';
import { AdminContestsController } from './admin-contests.controller';
import { ContestAdministration } from './contest-administration.service';
import { AdminContestReader } from './contest-reader';
import { PrintRunLedger } from './print-runs/print-run-ledger';
import { PrintRunRecords } from './print-runs/print-run-records';
import { PrintRunRunner } from './print-runs/print-run-runner';
import { PrintRunsController } from './print-runs/print-runs.controller';
import { PrintRunsService } from './print-runs/print-runs.service';

@Module({
  imports: [GameModule],
  controllers: [AdminContestsController, PrintRunsController],
  providers: [
    AdminContestReader,
    ContestAdministration,
    PrintRunLedger,
    PrintRunRecords,
    PrintRunRunner,
    PrintRunsService,
  ],
})
export class AdminContestsModule {}
