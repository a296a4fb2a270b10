import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts, their consents and sessions, and the budgets of failed attempts. */
export class Accounts1795300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Names are searched by any part of them; a trusted extension, so that the database's owner may create it.
    await runner.query('CREATE EXTENSION IF NOT EXISTS pg_trgm');
    await runner.query(`
      CREATE TABLE users (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        email text NOT NULL,
        email_key text NOT NULL,
        password_hash text,
        first_name text NOT NULL,
        last_name text NOT NULL,
        birth_date date NOT NULL,
        gender text,
        role text NOT NULL DEFAULT 'customer',
        is_active boolean NOT NULL DEFAULT true,
        email_verified_at timestamptz(3),
        newsletter boolean NOT NULL DEFAULT false,
        search_text text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT users_pkey PRIMARY KEY (id),
        CONSTRAINT users_email_key_key UNIQUE (email_key),
        CONSTRAINT users_role_check CHECK (role IN ('customer', 'employee', 'admin')),
        CONSTRAINT users_gender_check CHECK (gender IN ('female', 'male', 'other')),
        CONSTRAINT users_email_key_check CHECK (email_key = lower(email_key) AND email_key <> '')
      )`);
    await runner.query('CREATE INDEX users_search_text_idx ON users USING gin (search_text gin_trgm_ops)');
    await runner.query(`
      CREATE TABLE consents (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL,
        kind text NOT NULL,
        version text NOT NULL,
        granted boolean NOT NULL,
        given_at timestamptz(3) NOT NULL,
        CONSTRAINT consents_pkey PRIMARY KEY (id),
        CONSTRAINT consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
        CONSTRAINT consents_kind_check CHECK (kind IN ('terms', 'newsletter'))
      )`);
    await runner.query('CREATE INDEX consents_user_id_idx ON consents (user_id, given_at)');
    await runner.query(`
      CREATE TABLE sessions (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL,
        user_agent text,
        created_at timestamptz(3) NOT NULL,
        last_used_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        revoked_at timestamptz(3),
        revoked_because text,
        CONSTRAINT sessions_pkey PRIMARY KEY (id),
        CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
        CONSTRAINT sessions_revoked_check CHECK ((revoked_at IS NULL) = (revoked_because IS NULL)),
        CONSTRAINT sessions_revoked_because_check
          CHECK (revoked_because IN ('logout', 'reuse', 'password-changed', 'ended-by-owner'))
      )`);
    await runner.query('CREATE INDEX sessions_user_id_idx ON sessions (user_id) WHERE (revoked_at IS NULL)');
    await runner.query(`
      CREATE TABLE refresh_tokens (
        hash bytea NOT NULL,
        session_id uuid NOT NULL,
        issued_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        used_at timestamptz(3),
        CONSTRAINT refresh_tokens_pkey PRIMARY KEY (hash),
        CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
        CONSTRAINT refresh_tokens_hash_check CHECK (octet_length(hash) = 32)
      )`);
    await runner.query('CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id)');
    // The shape is rate-limiter-flexible's; expire is in milliseconds since 1970.
    await runner.query(`
      CREATE TABLE attempt_budgets (
        key varchar(255) NOT NULL,
        points integer NOT NULL DEFAULT 0,
        expire bigint,
        CONSTRAINT attempt_budgets_pkey PRIMARY KEY (key)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['attempt_budgets', 'refresh_tokens', 'sessions', 'consents', 'users']) {
      await runner.query(`DROP TABLE ${table}`);
    }
  }
}
