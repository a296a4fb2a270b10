import { ApiProperty } from '@nestjs/swagger';
import { BACKUP_KINDS, type BackupKind } from '../../backups/backup-id';
import type { PlacePlan, RetentionDecision, RetentionPlan } from '../../retention/retention-plan';

const DECISIONS = ['keep', 'remove'] as const satisfies readonly RetentionDecision['decision'][];

export class RetentionDecisionResponse implements RetentionDecision {
  @ApiProperty({ example: 'daily-20261122T020000Z' })
  id: string;

  @ApiProperty({ enum: BACKUP_KINDS })
  kind: BackupKind;

  @ApiProperty({ format: 'date-time', description: 'When it was begun.' })
  at: string;

  @ApiProperty({ type: 'integer', example: 23068672 })
  bytes: number;

  @ApiProperty({ enum: DECISIONS })
  decision: RetentionDecision['decision'];

  @ApiProperty({ type: [String], example: ['daily slot of 2026-11-22', 'newest two verified are never removed'] })
  reasons: string[];

  @ApiProperty({ description: 'An archive without its manifest: no backup, and only the archive goes.' })
  leftover: boolean;

  @ApiProperty({ description: 'It is due, and kept only because one run removes no more.' })
  deferred: boolean;
}

export class PlacePlanResponse implements PlacePlan {
  @ApiProperty({ example: 's3', description: '`local`, or the store’s name.' })
  place: string;

  @ApiProperty({ example: 'bucket tiptop-backups at https://s3.example' })
  where: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why nothing at all is removed there: a clock that can’t be trusted.',
  })
  refused: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The backup that ages are measured from.' })
  newestVerified: string | null;

  @ApiProperty({ type: [RetentionDecisionResponse], description: 'The newest first.' })
  decisions: RetentionDecisionResponse[];

  @ApiProperty({ type: [String], description: 'What is no backup of ours, and is left alone.' })
  unknown: string[];

  @ApiProperty({ type: String, nullable: true, description: 'Why the place could not be asked.' })
  error: string | null;
}

export class RetentionPlanResponse implements RetentionPlan {
  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({
    type: [PlacePlanResponse],
    description: 'The local folder and the stores that the answering instance has.',
  })
  places: PlacePlanResponse[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where the answering instance has no backups of its own to plan for: who has them.',
  })
  note: string | null;
}
