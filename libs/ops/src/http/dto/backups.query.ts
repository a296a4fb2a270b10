import { ApiPropertyOptional } from '@nestjs/swagger';
import { PageQuery } from '@tiptop/platform';
import { IsIn, IsOptional } from 'class-validator';
import { BACKUP_KINDS, type BackupKind } from '../../backups/backup-id';
import { RUN_STATUSES, type RunStatus } from '../../backups/backup-run.entity';

export class BackupsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: BACKUP_KINDS })
  @IsOptional()
  @IsIn(BACKUP_KINDS)
  kind?: BackupKind;

  @ApiPropertyOptional({ enum: RUN_STATUSES })
  @IsOptional()
  @IsIn(RUN_STATUSES)
  status?: RunStatus;
}
