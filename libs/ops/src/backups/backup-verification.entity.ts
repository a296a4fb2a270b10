import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/**
 * `restore`: the dump was restored into a scratch database and its rows counted. `drill`: the archive was fetched from a
 * store, opened with the drill key, and restored as well.
 */
export const VERIFICATION_LEVELS = ['restore', 'drill'] as const;
export type VerificationLevel = (typeof VERIFICATION_LEVELS)[number];

/** That a backup was tried out. */
@Entity('backup_verifications')
@Check('backup_verifications_level_check', "level IN ('restore', 'drill')")
@Index('backup_verifications_backup_id_idx', ['backupId', 'startedAt'])
@Index('backup_verifications_level_idx', ['level', 'startedAt'])
export class BackupVerification {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'backup_verifications_pkey' })
  id: string;

  @Column('text', { name: 'backup_id' })
  backupId: string;

  @Column('text')
  level: VerificationLevel;

  /** `local`, or the store's name. */
  @Column('text')
  source: string;

  @Column('boolean')
  passed: boolean;

  /** What was compared, or why it failed. */
  @Column('text')
  detail: string;

  @Column({ type: 'timestamptz', name: 'started_at', precision: 3 })
  startedAt: Date;

  @Column({ type: 'timestamptz', name: 'finished_at', precision: 3 })
  finishedAt: Date;
}
