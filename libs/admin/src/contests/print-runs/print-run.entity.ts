import { User } from '@tiptop/auth';
import { Contest } from '@tiptop/game';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';

export const PRINT_RUN_STATUSES = ['queued', 'running', 'done', 'failed'] as const;
export type PrintRunStatus = (typeof PRINT_RUN_STATUSES)[number];

/** `INTERRUPTED`: the process that was at it stopped or died. */
export const PRINT_RUN_FAILURES = ['INTERRUPTED', 'PRINT_RUN_CLOSED', 'INTERNAL_ERROR'] as const;
export type PrintRunFailure = (typeof PRINT_RUN_FAILURES)[number];

/** The making of tickets as somebody asked for it. Its tickets are there exactly where it is done. */
@Entity('print_runs')
@Check('print_runs_count_check', 'count > 0')
@Check('print_runs_status_check', "status IN ('queued', 'running', 'done', 'failed')")
@Check('print_runs_progress_check', "progress BETWEEN 0 AND count AND (status <> 'done' OR progress = count)")
@Check(
  'print_runs_started_check',
  "CASE status WHEN 'queued' THEN started_at IS NULL WHEN 'failed' THEN true ELSE started_at IS NOT NULL END",
)
@Check('print_runs_finished_check', "(finished_at IS NOT NULL) = (status IN ('done', 'failed'))")
@Check(
  'print_runs_reason_check',
  "(reason IS NOT NULL) = (status = 'failed') AND reason IN ('INTERRUPTED', 'PRINT_RUN_CLOSED', 'INTERNAL_ERROR')",
)
@Index('print_runs_contest_id_idx', ['contestId', 'requestedAt', 'id'])
@Index('print_runs_under_way_key', ['contestId'], {
  unique: true,
  where: "(status = ANY (ARRAY['queued'::text, 'running'::text]))",
})
export class PrintRun {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'print_runs_pkey' })
  id: string;

  @Column('uuid', { name: 'contest_id' })
  contestId: string;

  @ManyToOne(() => Contest)
  @JoinColumn({ name: 'contest_id', foreignKeyConstraintName: 'print_runs_contest_id_fkey' })
  contest?: Contest;

  @Column('uuid', { name: 'requested_by' })
  requestedById: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'requested_by', foreignKeyConstraintName: 'print_runs_requested_by_fkey' })
  requestedBy?: User;

  /** Tickets asked for. */
  @Column('integer')
  count: number;

  @Column('text', { default: 'queued' })
  status: PrintRunStatus;

  /** Tickets made so far. */
  @Column('integer', { default: 0 })
  progress: number;

  @Column('text', { nullable: true })
  reason: PrintRunFailure | null;

  @Column({ type: 'timestamptz', name: 'requested_at', precision: 3 })
  requestedAt: Date;

  @Column({ type: 'timestamptz', name: 'started_at', precision: 3, nullable: true })
  startedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'finished_at', precision: 3, nullable: true })
  finishedAt: Date | null;

  /** When the process that is at it last said so, by the database's clock. */
  @Column({ type: 'timestamptz', name: 'heartbeat_at', precision: 3, default: () => 'now()' })
  heartbeatAt: Date;
}
