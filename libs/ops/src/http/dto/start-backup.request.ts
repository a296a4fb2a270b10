import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import type { BackupKind } from '../../backups/backup-id';

/** The others are the calendar's. */
export const REQUESTED_KINDS = ['manual', 'pre-deploy'] as const satisfies readonly BackupKind[];
export type RequestedKind = (typeof REQUESTED_KINDS)[number];

export class StartBackupRequest {
  @ApiPropertyOptional({
    enum: REQUESTED_KINDS,
    default: 'manual',
    description: 'Decides how long it is kept: of `pre-deploy` the last five are.',
  })
  @IsIn(REQUESTED_KINDS)
  kind: RequestedKind = 'manual';
}
