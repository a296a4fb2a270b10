import { Check, Column, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation, Unique } from 'typeorm';
import { Contest } from './contest.entity';

@Entity('prizes')
@Unique('prizes_contest_id_ordinal_key', ['contestId', 'ordinal'])
@Check('prizes_ordinal_check', 'ordinal BETWEEN 0 AND 255')
@Check('prizes_value_cents_check', 'value_cents >= 0')
@Check('prizes_currency_check', "currency ~ '^[A-Z]{3}$'")
@Check('prizes_weight_check', 'weight > 0')
export class Prize {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'prizes_pkey' })
  id: string;

  @Column('uuid', { name: 'contest_id' })
  contestId: string;

  @ManyToOne(() => Contest, (contest) => contest.prizes)
  @JoinColumn({ name: 'contest_id', foreignKeyConstraintName: 'prizes_contest_id_fkey' })
  contest?: Relation<Contest>;

  /** Place in the contest's list, from 0: what a card of the deck says. */
  @Column('smallint')
  ordinal: number;

  @Column('text')
  name: string;

  @Column('text')
  description: string;

  /** 0 where no value was announced. */
  @Column('integer', { name: 'value_cents' })
  valueCents: number;

  /** ISO 4217. */
  @Column('text')
  currency: string;

  /** The prize's share is its weight over the sum of the contest's weights. */
  @Column('integer')
  weight: number;
}
