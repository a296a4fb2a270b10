import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../users/user.entity';
import type { Provider } from './provider';

/** A person as a provider knows them. The subject never changes; the e-mail there may, and is not kept. */
@Entity('identities')
@Check('identities_provider_check', "provider IN ('google', 'facebook')")
@Check('identities_subject_check', "subject <> ''")
@Index('identities_user_id_idx', ['userId'])
export class Identity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'identities_pkey' })
  provider: Provider;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'identities_pkey' })
  subject: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'identities_user_id_fkey' })
  user?: User;

  @Column({ type: 'timestamptz', name: 'linked_at', precision: 3 })
  linkedAt: Date;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3 })
  lastUsedAt: Date;
}
