import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { BACKUP_KINDS, type BackupKind } from './backup-id';
import type { BackupReport } from './backup-report';
import type { Manifest, StepReport } from './manifest';

export const RUN_STATUSES = ['requested', 'running', 'succeeded', 'degraded', 'failed'] as const;
/**
 * `requested`: asked for where no backup can be made, for the process that can. `degraded`: there is a verified backup, and
 * something beside it that somebody has to look at.
 */
export type RunStatus = (typeof RUN_STATUSES)[number];

export const RUN_TRIGGERS = ['schedule', 'catch-up', 'manual', 'deployment'] as const;
export type RunTrigger = (typeof RUN_TRIGGERS)[number];

/** A place that keeps a backup, or should. */
export interface BackupCopy {
  /** `local`, or the store's name. */
  place: string;
  /** Read back in full, and found to be what was written. */
  verified: boolean;
  /** ISO 8601; null where it is not verified. */
  verifiedAt: string | null;
  /** For a person: where that is, or why there is none. */
  detail: string;
}

function oneOf(column: string, values: readonly string[]): string {
  return `${column} IN (${values.map((value) => `'${value}'`).join(', ')})`;
}

/** A backup as it was tried. The backup itself is known by its manifest: this row may be of a database long restored. */
@Entity('backup_runs')
@Check('backup_runs_kind_check', oneOf('kind', BACKUP_KINDS))
@Check('backup_runs_status_check', oneOf('status', RUN_STATUSES))
@Check('backup_runs_trigger_check', oneOf('trigger', RUN_TRIGGERS))
@Check('backup_runs_finished_check', "(finished_at IS NULL) = (status IN ('requested', 'running'))")
@Check('backup_runs_manifest_check', "status NOT IN ('succeeded', 'degraded') OR manifest IS NOT NULL")
@Index('backup_runs_started_at_idx', ['environment', 'startedAt', 'id'])
// One run a slot, whichever replica came first; another try once the first one has failed.
@Index('backup_runs_slot_key', ['environment', 'slot'], {
  unique: true,
  where: "((slot IS NOT NULL) AND (status <> 'failed'::text))",
})
export class BackupRun {
  /** See formatBackupId. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'backup_runs_pkey' })
  id: string;

  @Column('text')
  environment: string;

  @Column('text')
  kind: BackupKind;

  @Column('text')
  trigger: RunTrigger;

  /** The time of the calendar that it is for; null for one by hand. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  slot: Date | null;

  @Column('text')
  status: RunStatus;

  /** Which process is at it: host, process id and a number of its own; null until one has taken it up. */
  @Column('text', { nullable: true })
  owner: string | null;

  /** When it was asked for, and then when it was begun. */
  @Column({ type: 'timestamptz', name: 'started_at', precision: 3 })
  startedAt: Date;

  @Column({ type: 'timestamptz', name: 'finished_at', precision: 3, nullable: true })
  finishedAt: Date | null;

  /** Which step it is at; the last one, where the process died. */
  @Column('text', { nullable: true })
  step: string | null;

  /** Those that are over, in their order. */
  @Column('jsonb', { default: () => "'[]'" })
  steps: StepReport[];

  /** Once there is an archive. */
  @Column('jsonb', { nullable: true })
  manifest: Manifest | null;

  /** Where it is kept, and what is known of each. */
  @Column('jsonb', { default: () => "'[]'" })
  copies: BackupCopy[];

  /** For a person, once the run is over. */
  @Column('jsonb', { nullable: true })
  report: BackupReport | null;

  /** The first fault, for a person; null where there is none. */
  @Column('text', { nullable: true })
  reason: string | null;
}
