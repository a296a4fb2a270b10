import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** A shop where prizes are handed over. */
@Entity('stores')
@Index('stores_created_at_idx', ['createdAt', 'id'])
export class Store {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'stores_pkey' })
  id: string;

  @Column('text')
  name: string;

  @Column('text')
  city: string;

  @Column('boolean', { name: 'is_active', default: true })
  isActive: boolean;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;
}
