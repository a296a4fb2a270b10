import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { StepReport } from '../../backups/manifest';
import type { Release } from '../release';

export const DEPLOYMENT_KINDS = ['deployment', 'rollback'] as const;
export type DeploymentKind = (typeof DEPLOYMENT_KINDS)[number];

export const DEPLOYMENT_STATUSES = [
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'rolled-back',
  'rollback-failed',
] as const;
/**
 * `cancelled`: refused before a container was touched. `failed`: what was deployed does not work, or nobody knows what came of
 * it, and nothing was rolled back. `rolled-back`: what ran before runs again. `rollback-failed`: that did not work either.
 */
export type DeploymentStatus = (typeof DEPLOYMENT_STATUSES)[number];

function oneOf(column: string, values: readonly string[]): string {
  return `${column} IN (${values.map((value) => `'${value}'`).join(', ')})`;
}

/** A deployment or a rollback, as it was tried. */
@Entity('deployments')
@Check('deployments_kind_check', oneOf('kind', DEPLOYMENT_KINDS))
@Check('deployments_status_check', oneOf('status', DEPLOYMENT_STATUSES))
@Check('deployments_finished_check', "(finished_at IS NULL) = (status = 'running')")
@Check('deployments_reason_check', "(reason IS NULL) = (status IN ('running', 'succeeded'))")
@Check('deployments_release_check', "status <> 'succeeded' OR release IS NOT NULL")
@Check(
  'deployments_rolled_back_check',
  "status <> 'rolled-back' OR (previous IS NOT NULL AND recovered_at IS NOT NULL)",
)
@Check(
  'deployments_rollback_failed_check',
  "status <> 'rollback-failed' OR (failure_noticed_at IS NOT NULL AND recovered_at IS NULL)",
)
@Check('deployments_recovered_check', 'recovered_at IS NULL OR failure_noticed_at IS NOT NULL')
@Index('deployments_running_key', ['environment'], { unique: true, where: "(status = 'running'::text)" })
@Index('deployments_started_at_idx', ['startedAt', 'id'])
@Index('deployments_finished_at_idx', ['environment', 'finishedAt'])
export class Deployment {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'deployments_pkey' })
  id: string;

  @Column('text')
  environment: string;

  @Column('text')
  kind: DeploymentKind;

  @Column('text')
  status: DeploymentStatus;

  /** Who deploys: the setting DEPLOY_BY. */
  @Column('text')
  actor: string;

  /** Which process is at it: host, process id and a number of its own. */
  @Column('text')
  owner: string;

  /** As it was asked for: an image's tag; of a rollback a snapshot's as well, or `predecessor`. */
  @Column('text')
  tag: string;

  /** Labels of the backend's image; null until it is known, or where it has none. */
  @Column('text', { nullable: true })
  version: string | null;

  @Column('text', { nullable: true })
  revision: string | null;

  /** What shall run; null until it is known. */
  @Column('jsonb', { nullable: true })
  release: Release | null;

  /** What ran before; null where nothing did, or until it is known. */
  @Column('jsonb', { nullable: true })
  previous: Release | null;

  /** Tag of the snapshot that was taken before. */
  @Column('text', { nullable: true })
  snapshot: string | null;

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

  /** What somebody has to look at, though it did not fail for it. */
  @Column('jsonb', { default: () => "'[]'" })
  warnings: string[];

  /** Why it did not succeed, for a person; null while it runs, and where it did. */
  @Column('text', { nullable: true })
  reason: string | null;

  /** When it was seen that the new release does not work. */
  @Column({ type: 'timestamptz', name: 'failure_noticed_at', precision: 3, nullable: true })
  failureNoticedAt: Date | null;

  /** When what ran before was seen to work again. */
  @Column({ type: 'timestamptz', name: 'recovered_at', precision: 3, nullable: true })
  recoveredAt: Date | null;
}
