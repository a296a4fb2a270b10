import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Deployment } from '../deployments/records/deployment.entity';
import { OpsModule } from '../ops.module';
import { BackupBrowsingService } from './backup-browsing.service';
import { BackupRequestsService } from './backup-requests.service';
import { BackupsController } from './backups.controller';
import { DeploymentBrowsingService } from './deployment-browsing.service';
import { DeploymentsController } from './deployments.controller';
import { KpisController } from './kpis.controller';
import { RetentionOverviewService } from './retention-overview.service';
import { RetentionController } from './retention.controller';

/** What administrators see of backups and deployments, and how they ask for a backup. */
@Module({
  imports: [OpsModule, TypeOrmModule.forFeature([Deployment])],
  controllers: [BackupsController, RetentionController, DeploymentsController, KpisController],
  providers: [BackupBrowsingService, BackupRequestsService, RetentionOverviewService, DeploymentBrowsingService],
})
export class OpsHttpModule {}
