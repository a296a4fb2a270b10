import { Check, Column, Entity, OneToMany, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { Prize } from './prize.entity';

@Entity('contests')
@Unique('contests_slug_key', ['slug'])
@Check('contests_slug_check', "slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'")
@Check('contests_dates_check', 'starts_at < ends_at AND ends_at <= claim_ends_at')
export class Contest {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'contests_pkey' })
  id: string;

  @Column('text')
  slug: string;

  @Column('text')
  name: string;

  @Column({ type: 'timestamptz', name: 'starts_at', precision: 3 })
  startsAt: Date;

  /** Until when tickets are handed out at the till. */
  @Column({ type: 'timestamptz', name: 'ends_at', precision: 3 })
  endsAt: Date;

  /** Until when tickets are played and prizes handed over. */
  @Column({ type: 'timestamptz', name: 'claim_ends_at', precision: 3 })
  claimEndsAt: Date;

  /** Whether every code ends in a check character; not so in some imported print runs. */
  @Column('boolean', { name: 'checked_codes', default: true })
  checkedCodes: boolean;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @OneToMany(() => Prize, (prize) => prize.contest)
  prizes?: Prize[];
}
