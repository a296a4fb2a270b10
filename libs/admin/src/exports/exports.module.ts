import { Module } from '@nestjs/common';
import { GameModule } from '@tiptop/game';
import { DownloadLimits, Downloads } from './downloads';
import { ExportsController } from './exports.controller';
import { ExportsService } from './exports.service';
import { ReportReader } from './report/report-reader';

@Module({
  imports: [GameModule],
  controllers: [ExportsController],
  providers: [ExportsService, Downloads, DownloadLimits, ReportReader],
})
export class ExportsModule {}
