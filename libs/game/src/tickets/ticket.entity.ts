import { User } from '@tiptop/auth';
import { isSmokeSql } from '@tiptop/platform';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Contest } from '../contests/contest.entity';
import { Prize } from '../contests/prize.entity';
import type { TicketStatus } from '../domain/ticket-status';
import { Store } from '../stores/store.entity';

/** A ticket: known by its code, won once, handed over once. The CHECK constraints are the rules of its life. */
@Entity('tickets')
@Check('tickets_code_check', "code ~ '^[0-9A-Z]{10}$'")
@Check(
  'tickets_status_check',
  "status = CASE WHEN claimed_at IS NOT NULL THEN 'claimed' WHEN player_id IS NOT NULL THEN 'pending' ELSE 'unclaimed' END",
)
@Check('tickets_play_check', 'num_nulls(player_id, prize_id, deck_position, played_at) IN (0, 4)')
@Check('tickets_play_key_check', 'play_key IS NULL OR player_id IS NOT NULL')
@Check(
  'tickets_claim_check',
  'num_nulls(claimed_by, claimed_at) IN (0, 2) AND (claimed_at IS NULL OR player_id IS NOT NULL)',
)
@Check('tickets_store_check', 'store_id IS NULL OR claimed_at IS NOT NULL')
@Check('tickets_claim_order_check', 'claimed_at >= played_at')
@Check('tickets_self_claim_check', 'claimed_by <> player_id')
// Those of smoke journeys play and hand over among themselves.
@Check(
  'tickets_smoke_check',
  `(${isSmokeSql('player_id')}) = (${isSmokeSql('contest_id')}) AND (${isSmokeSql('claimed_by')}) = (${isSmokeSql('contest_id')})`,
)
@Index('tickets_deck_position_key', ['contestId', 'deckPosition'], {
  unique: true,
  where: '(deck_position IS NOT NULL)',
})
@Index('tickets_player_id_idx', ['playerId', 'playedAt', 'code'], { where: '(player_id IS NOT NULL)' })
@Index('tickets_play_key_key', ['playerId', 'playKey'], { unique: true, where: '(play_key IS NOT NULL)' })
@Index('tickets_played_idx', ['status', 'playedAt', 'code'], { where: '(player_id IS NOT NULL)' })
@Index('tickets_unplayed_idx', ['contestId', 'code'], { where: '(player_id IS NULL)' })
@Index('tickets_contest_played_idx', ['contestId', 'playedAt', 'code'], { where: '(player_id IS NOT NULL)' })
@Index('tickets_contest_claimed_idx', ['contestId', 'claimedAt', 'code'], { where: '(claimed_at IS NOT NULL)' })
@Index('tickets_store_claimed_idx', ['storeId', 'claimedAt', 'code'], { where: '(store_id IS NOT NULL)' })
export class Ticket {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'tickets_pkey' })
  code: string;

  @Column('uuid', { name: 'contest_id' })
  contestId: string;

  @ManyToOne(() => Contest)
  @JoinColumn({ name: 'contest_id', foreignKeyConstraintName: 'tickets_contest_id_fkey' })
  contest?: Contest;

  @Column('text', { default: 'unclaimed' })
  status: TicketStatus;

  @Column('uuid', { name: 'player_id', nullable: true })
  playerId: string | null;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'player_id', foreignKeyConstraintName: 'tickets_player_id_fkey' })
  player?: User | null;

  @Column('uuid', { name: 'prize_id', nullable: true })
  prizeId: string | null;

  @ManyToOne(() => Prize)
  @JoinColumn({ name: 'prize_id', foreignKeyConstraintName: 'tickets_prize_id_fkey' })
  prize?: Prize | null;

  /** Which card of the deck decided, from 1. */
  @Column('integer', { name: 'deck_position', nullable: true })
  deckPosition: number | null;

  @Column({ type: 'timestamptz', name: 'played_at', precision: 3, nullable: true })
  playedAt: Date | null;

  /** The Idempotency-Key of the play, so that its repetition gets the same answer. */
  @Column('text', { name: 'play_key', nullable: true })
  playKey: string | null;

  @Column('uuid', { name: 'claimed_by', nullable: true })
  claimedById: string | null;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'claimed_by', foreignKeyConstraintName: 'tickets_claimed_by_fkey' })
  claimedBy?: User | null;

  @Column({ type: 'timestamptz', name: 'claimed_at', precision: 3, nullable: true })
  claimedAt: Date | null;

  @Column('uuid', { name: 'store_id', nullable: true })
  storeId: string | null;

  @ManyToOne(() => Store)
  @JoinColumn({ name: 'store_id', foreignKeyConstraintName: 'tickets_store_id_fkey' })
  store?: Store | null;
}
