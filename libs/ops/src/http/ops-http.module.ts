import { Module } from '@nestjs/common';
import { OpsModule } from '../ops.module';
import { BackupBrowsingService } from './backup-browsing.service';
import { BackupRequestsService } from './backup-requests.service';
import { BackupsController } from './backups.controller';
import { RetentionOverviewService } from './retention-overview.service';
import { RetentionController } from './retention.controller';

/** What administrators see of backups, and how they ask for one. */
@Module({
  imports: [OpsModule],
  controllers: [BackupsController, RetentionController],
  providers: [BackupBrowsingService, BackupRequestsService, RetentionOverviewService],
})
export class OpsHttpModule {}
