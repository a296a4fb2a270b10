import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../users/user.entity';

export const MAIL_TOKEN_PURPOSES = ['verify-email', 'reset-password', 'invitation'] as const;
export type MailTokenPurpose = (typeof MAIL_TOKEN_PURPOSES)[number];

/** A token sent in a letter, which proves that its bearer reads the letters to the account's address. Known by its SHA-256 only. */
@Entity('mail_tokens')
@Check('mail_tokens_hash_check', 'octet_length(hash) = 32')
@Check('mail_tokens_purpose_check', "purpose IN ('verify-email', 'reset-password', 'invitation')")
@Index('mail_tokens_user_id_idx', ['userId'])
export class MailToken {
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'mail_tokens_pkey' })
  hash: Buffer;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'mail_tokens_user_id_fkey' })
  user?: User;

  @Column('text')
  purpose: MailTokenPurpose;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;

  @Column({ type: 'timestamptz', name: 'used_at', precision: 3, nullable: true })
  usedAt: Date | null;
}
