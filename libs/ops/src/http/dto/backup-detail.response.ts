import { ApiProperty } from '@nestjs/swagger';
import { VERIFICATION_LEVELS, type VerificationLevel } from '../../backups/backup-verification.entity';
import { BackupItemResponse } from './backup-list.response';
import { ArtifactResponse, BackupStepResponse } from './backup-parts.response';
import { BackupReportResponse } from './backup-report.response';

/** That a backup was tried out, and how that went. */
export class BackupVerdictResponse {
  @ApiProperty({
    enum: VERIFICATION_LEVELS,
    description:
      '`restore`: into a scratch database. `drill`: fetched from a store and opened with the drill key first.',
  })
  level: VerificationLevel;

  @ApiProperty({ example: 'local', description: '`local`, or the store’s name.' })
  source: string;

  @ApiProperty()
  passed: boolean;

  @ApiProperty({ example: '24 tables, 512034 rows, as in the manifest' })
  detail: string;

  @ApiProperty({ format: 'date-time' })
  startedAt: string;

  @ApiProperty({ format: 'date-time' })
  finishedAt: string;
}

/** All that is known of a backup. */
export class BackupDetailResponse extends BackupItemResponse {
  @ApiProperty({ type: [BackupStepResponse], description: 'So far, in their order.' })
  steps: BackupStepResponse[];

  @ApiProperty({ type: [ArtifactResponse], description: 'What the archive holds; empty until there is one.' })
  artifacts: ArtifactResponse[];

  @ApiProperty({ type: [BackupVerdictResponse], description: 'The newest first.' })
  verdicts: BackupVerdictResponse[];

  @ApiProperty({ type: BackupReportResponse, nullable: true, description: 'Once it is over.' })
  report: BackupReportResponse | null;

  @ApiProperty({ type: String, nullable: true, description: 'The first fault, for a person.' })
  reason: string | null;
}
