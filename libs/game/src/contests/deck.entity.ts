import { Check, Column, Entity, JoinColumn, OneToOne, PrimaryColumn } from 'typeorm';
import { Contest } from './contest.entity';

/** What is known of a contest's sealed deck; its cards stand in deck_pages. */
@Entity('decks')
@Check('decks_size_check', 'size > 0 AND page_size > 0')
@Check('decks_commitment_check', "commitment ~ '^[0-9a-f]{64}$'")
export class Deck {
  @PrimaryColumn('uuid', { name: 'contest_id', primaryKeyConstraintName: 'decks_pkey' })
  contestId: string;

  @OneToOne(() => Contest)
  @JoinColumn({ name: 'contest_id', foreignKeyConstraintName: 'decks_contest_id_fkey' })
  contest?: Contest;

  /** Cards: as many as the contest has tickets. */
  @Column('integer')
  size: number;

  /** Cards in one row of deck_pages. */
  @Column('integer', { name: 'page_size' })
  pageSize: number;

  /** The sequence that deals: its next value is the next position, from 1. */
  @Column('text', { name: 'sequence_name' })
  sequenceName: string;

  @Column('text')
  algorithm: string;

  /** SHA-256 of seed and deck, in hexadecimal. */
  @Column('text')
  commitment: string;

  @Column('bytea')
  salt: Buffer;

  /** The seed, encrypted. */
  @Column('bytea', { name: 'sealed_seed' })
  sealedSeed: Buffer;

  /** Which key seals the deck. */
  @Column('text', { name: 'key_fingerprint' })
  keyFingerprint: string;

  @Column({ type: 'timestamptz', name: 'sealed_at', precision: 3 })
  sealedAt: Date;
}
