import { ApiProperty } from '@nestjs/swagger';
import { OPS_ENVIRONMENTS, type OpsEnvironment } from '@tiptop/platform';
import {
  DEPLOYMENT_KINDS,
  DEPLOYMENT_STATUSES,
  type DeploymentKind,
  type DeploymentStatus,
} from '../../deployments/records/deployment.entity';
import { BackupStepResponse } from './backup-parts.response';
import { ReleaseResponse } from './release.response';

/** A deployment or a rollback, as it was tried. */
export class DeploymentItemResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: OPS_ENVIRONMENTS })
  environment: OpsEnvironment;

  @ApiProperty({ enum: DEPLOYMENT_KINDS })
  kind: DeploymentKind;

  @ApiProperty({
    enum: DEPLOYMENT_STATUSES,
    description:
      '`cancelled`: refused before a container was touched. `failed`: it does not work, and nothing was rolled back. ' +
      '`rolled-back`: what ran before runs again. `rollback-failed`: that did not work either.',
  })
  status: DeploymentStatus;

  @ApiProperty({ example: 'jenkins-the-tip-top-main-42', description: 'Who deploys.' })
  by: string;

  @ApiProperty({
    example: 'prod-latest',
    description: 'As it was asked for: an image’s tag; of a rollback a snapshot’s as well, or `predecessor`.',
  })
  tag: string;

  @ApiProperty({ type: String, nullable: true, example: '1.2.3', description: 'Of the backend that shall run.' })
  version: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Commit that the backend was built from.' })
  revision: string | null;

  @ApiProperty({ format: 'date-time' })
  startedAt: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: string | null;

  @ApiProperty({ type: Number, nullable: true, example: 74.2, description: 'Null while it runs.' })
  durationSeconds: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    example: 21.6,
    description: 'From the failure being noticed to what ran before working again; null where nothing was rolled back.',
  })
  recoverySeconds: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'Which step it is at; the last one, where it died.' })
  step: string | null;

  @ApiProperty({ type: [BackupStepResponse], description: 'So far, in their order.' })
  steps: BackupStepResponse[];

  @ApiProperty({ type: [String], description: 'What somebody has to look at, though it did not fail for it.' })
  warnings: string[];

  @ApiProperty({ type: String, nullable: true, description: 'Why it did not succeed, for a person.' })
  reason: string | null;
}

export class DeploymentListResponse {
  @ApiProperty({ type: [DeploymentItemResponse] })
  items: DeploymentItemResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

/** All that is known of a deployment. */
export class DeploymentDetailResponse extends DeploymentItemResponse {
  @ApiProperty({ type: ReleaseResponse, nullable: true, description: 'What shall run; null until it is known.' })
  release: ReleaseResponse | null;

  @ApiProperty({ type: ReleaseResponse, nullable: true, description: 'What ran before; null where nothing did.' })
  previous: ReleaseResponse | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'backup-20261122-141503',
    description: 'Tag of the snapshot that was taken before.',
  })
  snapshot: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  failureNoticedAt: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  recoveredAt: string | null;
}
