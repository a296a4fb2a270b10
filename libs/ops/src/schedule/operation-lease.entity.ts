import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** What must not happen at the same time in one installation. */
export const OPERATIONS = ['backup', 'prune', 'restore', 'deployment', 'drill'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Who is at an operation of an installation: at most one, and taken for dead without a heartbeat. */
@Entity('operation_leases')
@Check('operation_leases_operation_check', "operation IN ('backup', 'prune', 'restore', 'deployment', 'drill')")
export class OperationLeaseRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'operation_leases_pkey' })
  environment: string;

  @Column('text')
  operation: Operation;

  /** Which process: host, process id and a number of its own. */
  @Column('text')
  owner: string;

  @Column({ type: 'timestamptz', name: 'acquired_at', precision: 3, default: () => 'now()' })
  acquiredAt: Date;

  /** By the database's clock. */
  @Column({ type: 'timestamptz', name: 'heartbeat_at', precision: 3, default: () => 'now()' })
  heartbeatAt: Date;
}
