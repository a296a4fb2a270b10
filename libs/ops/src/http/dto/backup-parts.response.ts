import { ApiProperty } from '@nestjs/swagger';
import type { BackupCopy } from '../../backups/backup-run.entity';
import type { Artifact, StepReport } from '../../backups/manifest';

const STEP_STATUSES = ['passed', 'degraded', 'failed', 'disabled'] as const satisfies readonly StepReport['status'][];

/** A place that keeps a backup, or should. */
export class BackupCopyResponse implements BackupCopy {
  @ApiProperty({ example: 's3', description: '`local`, or the store’s name.' })
  place: string;

  @ApiProperty({ description: 'Read back in full, and found to be what was written.' })
  verified: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  verifiedAt: string | null;

  @ApiProperty({ example: 'bucket tiptop-backups at https://s3.example', description: 'Where, or why there is none.' })
  detail: string;
}

export class BackupStepResponse implements StepReport {
  @ApiProperty({ example: 'database' })
  name: string;

  @ApiProperty({ enum: STEP_STATUSES, description: '`disabled`: switched off by configuration, and not passed.' })
  status: StepReport['status'];

  @ApiProperty({ format: 'date-time' })
  startedAt: string;

  @ApiProperty({ format: 'date-time' })
  finishedAt: string;

  @ApiProperty({ type: 'integer', example: 1 })
  attempts: number;

  @ApiProperty({ example: '24 tables, 512034 rows, 21.4 MB; dumped in 1.9 s, verified in 1.1 s' })
  detail: string;
}

/** A file in the archive. */
export class ArtifactResponse implements Artifact {
  @ApiProperty({ example: 'db/tiptop.dump.gz' })
  path: string;

  @ApiProperty({ type: 'integer', example: 22439210 })
  bytes: number;

  @ApiProperty({ description: 'SHA-256, in hexadecimal.', pattern: '^[0-9a-f]{64}$' })
  sha256: string;
}
