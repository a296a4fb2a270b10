import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { User } from '../users/user.entity';

export type SessionEnd =
  | 'logout'
  | 'reuse'
  | 'password-changed'
  | 'ended-by-owner'
  | 'password-reset'
  | 'identity-linked'
  | 'erased'
  | 'archived';

/** A sign-in on one device, and the family of all refresh tokens that come from it. */
@Entity('sessions')
@Check('sessions_revoked_check', '(revoked_at IS NULL) = (revoked_because IS NULL)')
@Check(
  'sessions_revoked_because_check',
  "revoked_because IN ('logout', 'reuse', 'password-changed', 'ended-by-owner', 'password-reset', 'identity-linked', 'erased', 'archived')",
)
@Index('sessions_user_id_idx', ['userId'], { where: '(revoked_at IS NULL)' })
@Index('sessions_user_id_device_idx', ['userId', 'device'])
export class Session {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'sessions_pkey' })
  id: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'sessions_user_id_fkey' })
  user?: User;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent: string | null;

  /** Browser and system as a person would name them, `Firefox on Linux` for one; null where the client does not say. */
  @Column('text', { nullable: true })
  device: string | null;

  /** When the second factor was shown in this session; null where it was not. */
  @Column({ type: 'timestamptz', name: 'second_factor_at', precision: 3, nullable: true })
  secondFactorAt: Date | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3 })
  lastUsedAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;

  @Column({ type: 'timestamptz', name: 'revoked_at', precision: 3, nullable: true })
  revokedAt: Date | null;

  @Column('text', { name: 'revoked_because', nullable: true })
  revokedBecause: SessionEnd | null;
}
