import { Check, Column, Entity, JoinColumn, OneToOne, PrimaryColumn } from 'typeorm';
import { User } from '../users/user.entity';

/** A secret shared with the person's authenticator (TOTP, RFC 6238). It counts once the person has shown a code of it. */
@Entity('second_factors')
@Check('second_factors_last_step_check', 'last_step IS NULL OR confirmed_at IS NOT NULL')
export class SecondFactor {
  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'second_factors_pkey' })
  userId: string;

  @OneToOne(() => User)
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'second_factors_user_id_fkey' })
  user?: User;

  /** Encrypted: whoever reads the database can't make codes. */
  @Column('bytea', { name: 'sealed_secret' })
  sealedSecret: Buffer;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'confirmed_at', precision: 3, nullable: true })
  confirmedAt: Date | null;

  /** The newest time step whose code was used: no code is good twice. */
  @Column('bigint', { name: 'last_step', nullable: true })
  lastStep: string | null;
}
