import { User } from '@tiptop/auth';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { Store } from '../stores/store.entity';
import { Ticket } from '../tickets/ticket.entity';

export const REFUSAL_REASONS = ['ID_MISSING', 'ID_MISMATCH', 'OTHER'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];
export type ClaimEventKind = 'validated' | 'refused' | 'undone';

/** One act of staff on a ticket. Rows are added, never altered: a trigger refuses it. */
@Entity('claim_events')
@Check('claim_events_kind_check', "kind IN ('validated', 'refused', 'undone')")
@Check('claim_events_reason_check', "(kind = 'validated') = (reason IS NULL)")
@Check('claim_events_refusal_check', "kind <> 'refused' OR reason IN ('ID_MISSING', 'ID_MISMATCH', 'OTHER')")
@Index('claim_events_ticket_code_idx', ['ticketCode', 'id'])
export class ClaimEvent {
  /** Ascending: acts on one ticket take its row lock, so that this is their order whatever the clocks say. */
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'claim_events_pkey',
  })
  id: string;

  @Column('text', { name: 'ticket_code' })
  ticketCode: string;

  @ManyToOne(() => Ticket)
  @JoinColumn({ name: 'ticket_code', foreignKeyConstraintName: 'claim_events_ticket_code_fkey' })
  ticket?: Ticket;

  @Column('text')
  kind: ClaimEventKind;

  @Column('uuid', { name: 'actor_id' })
  actorId: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'actor_id', foreignKeyConstraintName: 'claim_events_actor_id_fkey' })
  actor?: User;

  @Column('uuid', { name: 'store_id', nullable: true })
  storeId: string | null;

  @ManyToOne(() => Store)
  @JoinColumn({ name: 'store_id', foreignKeyConstraintName: 'claim_events_store_id_fkey' })
  store?: Store | null;

  /** A RefusalReason for a refusal, a sentence for an undo, null for a validation. */
  @Column('text', { nullable: true })
  reason: string | null;

  @Column('text', { nullable: true })
  note: string | null;

  @Column({ type: 'timestamptz', precision: 3 })
  at: Date;
}
