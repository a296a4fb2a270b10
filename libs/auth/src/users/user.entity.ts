import { isSmokeSql, type Language } from '@tiptop/platform';
import { Check, Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { Role } from '../access/roles';

export const GENDERS = ['female', 'male', 'other'] as const;
export type Gender = (typeof GENDERS)[number];

@Entity('users')
@Unique('users_email_key_key', ['emailKey'])
@Check('users_role_check', "role IN ('customer', 'employee', 'admin')")
@Check('users_gender_check', "gender IN ('female', 'male', 'other')")
@Check('users_email_key_check', "email_key = lower(email_key) AND email_key <> ''")
@Check('users_language_check', "language IN ('fr', 'en')")
@Check(
  'users_erased_check',
  'erased_at IS NULL OR NOT (is_active OR newsletter OR password_hash IS NOT NULL OR email_verified_at IS NOT NULL)',
)
@Check('users_smoke_check', `NOT (${isSmokeSql('id')}) OR (role <> 'admin' AND erased_at IS NULL)`)
@Index('users_search_text_idx', { synchronize: false })
@Index('users_name_key_idx', { synchronize: false })
@Index('users_staff_idx', { synchronize: false })
@Index('users_archived_idx', { synchronize: false })
@Index('users_archived_last_active_idx', { synchronize: false })
@Index('users_archived_name_idx', { synchronize: false })
@Index('users_created_at_idx', ['createdAt', 'id'], { where: '(erased_at IS NULL)' })
@Index('users_last_active_at_idx', ['lastActiveAt', 'id'], { where: '(erased_at IS NULL)' })
export class User {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'users_pkey' })
  id: string;

  /** As its owner typed it, for letters to them. */
  @Column('text')
  email: string;

  /** Normalised, for comparing: see emailKey(). */
  @Column('text', { name: 'email_key' })
  emailKey: string;

  /** Argon2id in PHC format; null for an account without a password. */
  @Column('text', { name: 'password_hash', nullable: true })
  passwordHash: string | null;

  @Column('text', { name: 'first_name' })
  firstName: string;

  @Column('text', { name: 'last_name' })
  lastName: string;

  /** `YYYY-MM-DD`. */
  @Column('date', { name: 'birth_date' })
  birthDate: string;

  @Column('text', { nullable: true })
  gender: Gender | null;

  @Column('text', { default: 'customer' })
  role: Role;

  @Column('boolean', { name: 'is_active', default: true })
  isActive: boolean;

  @Column({ type: 'timestamptz', name: 'email_verified_at', precision: 3, nullable: true })
  emailVerifiedAt: Date | null;

  @Column('boolean', { default: false })
  newsletter: boolean;

  /** Of letters to them. */
  @Column('text', { default: 'fr' })
  language: Language;

  /** When they last signed in or were signed in; never ahead of it by more than a refresh. */
  @Column({ type: 'timestamptz', name: 'last_active_at', precision: 3, default: () => 'now()' })
  lastActiveAt: Date;

  /** When everything that told who they are was taken out of this row. */
  @Column({ type: 'timestamptz', name: 'erased_at', precision: 3, nullable: true })
  erasedAt: Date | null;

  /** Names and e-mail without accents, in lower case, for searching. */
  @Column('text', { name: 'search_text' })
  searchText: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt: Date;
}
