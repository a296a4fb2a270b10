import { User } from '@tiptop/auth';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Contest } from '../contests/contest.entity';

/** That a reminder was posted to somebody: once for each end of a contest, which may be put off, and number of days. */
@Entity('reminders')
@Check('reminders_days_before_check', 'days_before > 0')
@Index('reminders_user_id_idx', ['userId'])
export class Reminder {
  @PrimaryColumn('uuid', { name: 'contest_id', primaryKeyConstraintName: 'reminders_pkey' })
  contestId: string;

  @ManyToOne(() => Contest)
  @JoinColumn({ name: 'contest_id', foreignKeyConstraintName: 'reminders_contest_id_fkey' })
  contest?: Contest;

  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'reminders_pkey' })
  userId: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'reminders_user_id_fkey' })
  user?: User;

  /** How many days before the last one it was due. */
  @PrimaryColumn('smallint', { name: 'days_before', primaryKeyConstraintName: 'reminders_pkey' })
  daysBefore: number;

  /** The end that it reminded of. */
  @PrimaryColumn({
    type: 'timestamptz',
    name: 'claim_ends_at',
    precision: 3,
    primaryKeyConstraintName: 'reminders_pkey',
  })
  claimEndsAt: Date;

  @Column({ type: 'timestamptz', name: 'posted_at', precision: 3 })
  postedAt: Date;
}
