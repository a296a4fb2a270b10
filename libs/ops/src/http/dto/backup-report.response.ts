import { ApiProperty } from '@nestjs/swagger';
import { BACKUP_KINDS, type BackupKind } from '../../backups/backup-id';
import type { BackupReport } from '../../backups/backup-report';
import { RUN_TRIGGERS, type RunTrigger } from '../../backups/backup-run.entity';
import { ArtifactResponse, BackupCopyResponse, BackupStepResponse } from './backup-parts.response';

const OUTCOMES = ['succeeded', 'degraded', 'failed'] as const satisfies readonly BackupReport['status'][];

class ReportArchiveResponse {
  @ApiProperty({ type: 'integer' })
  bytes: number;

  @ApiProperty()
  sha256: string;
}

class RemovedBackupResponse {
  @ApiProperty({ example: 'local' })
  place: string;

  @ApiProperty({ example: 'daily-20261114T020000Z' })
  id: string;

  @ApiProperty({ example: 'older than 7 days, and in no slot' })
  why: string;
}

/** What a run has come to, as the report by e-mail tells it. */
export class BackupReportResponse implements BackupReport {
  @ApiProperty({ example: 'daily-20261122T020000Z' })
  id: string;

  @ApiProperty({ example: 'prod' })
  environment: string;

  @ApiProperty({ enum: BACKUP_KINDS })
  kind: BackupKind;

  @ApiProperty({ enum: RUN_TRIGGERS })
  trigger: RunTrigger;

  @ApiProperty({ enum: OUTCOMES })
  status: BackupReport['status'];

  @ApiProperty({ format: 'date-time' })
  startedAt: string;

  @ApiProperty({ format: 'date-time' })
  finishedAt: string;

  @ApiProperty({ example: 41.2 })
  seconds: number;

  @ApiProperty({ type: [BackupStepResponse] })
  steps: readonly BackupStepResponse[];

  @ApiProperty({ type: [BackupCopyResponse] })
  copies: readonly BackupCopyResponse[];

  @ApiProperty({ type: ReportArchiveResponse, nullable: true })
  archive: ReportArchiveResponse | null;

  @ApiProperty({ type: [ArtifactResponse] })
  artifacts: readonly ArtifactResponse[];

  @ApiProperty({ type: 'integer', nullable: true, description: 'Of all tables together.' })
  rows: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'The newest migration.' })
  migration: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: { pg_dump: '15.10' } })
  tools: Readonly<Record<string, string>>;

  @ApiProperty({ type: [String], description: 'Public keys that it is encrypted to.' })
  recipients: readonly string[];

  @ApiProperty({ type: [String] })
  warnings: readonly string[];

  @ApiProperty({ type: String, nullable: true })
  quarantined: string | null;

  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  @ApiProperty({ type: [RemovedBackupResponse], description: 'By this run’s pruning.' })
  removed: readonly RemovedBackupResponse[];

  @ApiProperty({ type: 'integer', nullable: true, description: 'Where backups are written, after the run.' })
  freeBytes: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When the next one is due.' })
  nextAt: string | null;
}
