import { ApiPropertyOptional } from '@nestjs/swagger';
import { OPS_ENVIRONMENTS, type OpsEnvironment, PageQuery } from '@tiptop/platform';
import { IsIn, IsOptional } from 'class-validator';
import {
  DEPLOYMENT_KINDS,
  DEPLOYMENT_STATUSES,
  type DeploymentKind,
  type DeploymentStatus,
} from '../../deployments/records/deployment.entity';

export class DeploymentsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: OPS_ENVIRONMENTS })
  @IsOptional()
  @IsIn(OPS_ENVIRONMENTS)
  environment?: OpsEnvironment;

  @ApiPropertyOptional({ enum: DEPLOYMENT_KINDS })
  @IsOptional()
  @IsIn(DEPLOYMENT_KINDS)
  kind?: DeploymentKind;

  @ApiPropertyOptional({ enum: DEPLOYMENT_STATUSES })
  @IsOptional()
  @IsIn(DEPLOYMENT_STATUSES)
  status?: DeploymentStatus;
}
