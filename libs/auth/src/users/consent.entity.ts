import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { User } from './user.entity';

export type ConsentKind = 'terms' | 'newsletter';

/** One decision of a person: what, which version of it, given or taken back, and when. Never altered. */
@Entity('consents')
@Check('consents_kind_check', "kind IN ('terms', 'newsletter')")
@Index('consents_user_id_idx', ['userId', 'givenAt'])
export class Consent {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'consents_pkey' })
  id: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'consents_user_id_fkey' })
  user?: User;

  @Column('text')
  kind: ConsentKind;

  @Column('text')
  version: string;

  @Column('boolean')
  granted: boolean;

  @Column({ type: 'timestamptz', name: 'given_at', precision: 3 })
  givenAt: Date;
}
