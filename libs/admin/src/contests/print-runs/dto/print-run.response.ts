import { ApiProperty } from '@nestjs/swagger';
import {
  PRINT_RUN_FAILURES,
  PRINT_RUN_STATUSES,
  type PrintRun,
  type PrintRunFailure,
  type PrintRunStatus,
} from '../print-run.entity';

/** The making of tickets, as a job. */
export class PrintRunResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  contestId: string;

  @ApiProperty({
    enum: PRINT_RUN_STATUSES,
    description: 'The tickets are there once it is `done`, all of them or none.',
  })
  status: PrintRunStatus;

  @ApiProperty({ type: 'integer', description: 'How many were asked for.' })
  count: number;

  @ApiProperty({ type: 'integer', description: 'How many are made so far.' })
  progress: number;

  @ApiProperty({ enum: PRINT_RUN_FAILURES, type: String, nullable: true, description: 'Why it failed.' })
  reason: PrintRunFailure | null;

  @ApiProperty({ format: 'uuid', description: 'Who asked for it.' })
  requestedBy: string;

  @ApiProperty({ format: 'date-time' })
  requestedAt: string;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  startedAt: string | null;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  finishedAt: string | null;
}

export class PrintRunListResponse {
  @ApiProperty({ type: [PrintRunResponse] })
  items: PrintRunResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

export function toPrintRunResponse(run: PrintRun): PrintRunResponse {
  return {
    id: run.id,
    contestId: run.contestId,
    status: run.status,
    count: run.count,
    progress: run.progress,
    reason: run.reason,
    requestedBy: run.requestedById,
    requestedAt: run.requestedAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
  };
}
