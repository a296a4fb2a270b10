import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Provider } from './provider';
import type { ProviderProfile } from './provider-profile';

/** Who came back from a provider, until the web client exchanges the code for tokens. Known by its SHA-256 only. */
@Entity('sign_in_codes')
@Check('sign_in_codes_hash_check', 'octet_length(hash) = 32')
@Check('sign_in_codes_provider_check', "provider IN ('google', 'facebook')")
@Index('sign_in_codes_expires_at_idx', ['expiresAt'])
export class SignInCode {
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'sign_in_codes_pkey' })
  hash: Buffer;

  @Column('text')
  provider: Provider;

  @Column('text')
  subject: string;

  @Column('jsonb')
  profile: ProviderProfile;

  /** SHA-256 in base64url of a text that only the client which began the sign-in knows (as in RFC 7636, S256). */
  @Column('text', { nullable: true })
  challenge: string | null;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
