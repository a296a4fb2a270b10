import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The `state` of a sign-in that came back from a provider: good once. Known by its SHA-256 only. */
@Entity('spent_states')
@Check('spent_states_hash_check', 'octet_length(hash) = 32')
@Index('spent_states_expires_at_idx', ['expiresAt'])
export class SpentState {
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'spent_states_pkey' })
  hash: Buffer;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
