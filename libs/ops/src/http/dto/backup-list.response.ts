import { ApiProperty } from '@nestjs/swagger';
import { BACKUP_KINDS, type BackupKind } from '../../backups/backup-id';
import { RUN_STATUSES, RUN_TRIGGERS, type RunStatus, type RunTrigger } from '../../backups/backup-run.entity';
import { BackupCopyResponse } from './backup-parts.response';

/** A backup as it was asked for or tried. */
export class BackupItemResponse {
  @ApiProperty({ example: 'daily-20261122T020000Z' })
  id: string;

  @ApiProperty({ enum: BACKUP_KINDS })
  kind: BackupKind;

  @ApiProperty({ enum: RUN_TRIGGERS })
  trigger: RunTrigger;

  @ApiProperty({
    enum: RUN_STATUSES,
    description:
      '`requested`: waits for the instance that makes backups. `degraded`: there is a backup, and something beside it ' +
      'that somebody has to look at.',
  })
  status: RunStatus;

  @ApiProperty({ format: 'date-time', description: 'When it was asked for, and then when it was begun.' })
  startedAt: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 23068672, description: 'Of the encrypted archive.' })
  bytes: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'SHA-256 of the encrypted archive, in hexadecimal.' })
  sha256: string | null;

  @ApiProperty({ type: [BackupCopyResponse] })
  copies: BackupCopyResponse[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it takes no other backup’s place, though it is whole.',
    example: 'the dump has 1.2 MB, less than half of the 20.9 MB that are usual',
  })
  quarantined: string | null;
}

export class BackupListResponse {
  @ApiProperty({ type: [BackupItemResponse] })
  items: BackupItemResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
