import type { MigrationInterface, QueryRunner } from 'typeorm';

const SESSION_ENDS = ['logout', 'reuse', 'password-changed', 'ended-by-owner'];

function becauseCheck(ends: readonly string[]): string {
  return `CONSTRAINT sessions_revoked_because_check CHECK (revoked_because IN (${ends.map((end) => `'${end}'`).join(', ')}))`;
}

/** @param keyChanged SQL of what about the key of a play is not allowed to happen */
function wonOnce(keyChanged: string): string {
  return `
    CREATE TRIGGER tickets_won_once BEFORE UPDATE ON tickets FOR EACH ROW
    WHEN (OLD.player_id IS NOT NULL AND (
      (NEW.player_id, NEW.prize_id, NEW.deck_position, NEW.played_at) IS DISTINCT FROM
        (OLD.player_id, OLD.prize_id, OLD.deck_position, OLD.played_at)
      OR (${keyChanged})))
    EXECUTE FUNCTION refuse_change('a play is final')`;
}

/** Identities at providers, tokens in letters, second factors, erased accounts, and the last administrator. */
export class AccountTrust1795400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The defaults are for the previous release, which knows none of these columns.
    await runner.query(`
      ALTER TABLE users
        ADD language text NOT NULL DEFAULT 'fr',
        ADD last_active_at timestamptz(3) NOT NULL DEFAULT now(),
        ADD erased_at timestamptz(3),
        ADD CONSTRAINT users_language_check CHECK (language IN ('fr', 'en')),
        ADD CONSTRAINT users_erased_check CHECK (
          erased_at IS NULL OR NOT (is_active OR newsletter OR password_hash IS NOT NULL OR email_verified_at IS NOT NULL))`);
    await runner.query(`
      UPDATE users u SET last_active_at = greatest(u.created_at,
        (SELECT max(s.last_used_at) FROM sessions s WHERE s.user_id = u.id))`);
    await runner.query(`CREATE INDEX users_last_active_at_idx ON users (last_active_at) WHERE (erased_at IS NULL)`);
    await runner.query(`
      CREATE TABLE identities (
        provider text NOT NULL,
        subject text NOT NULL,
        user_id uuid NOT NULL,
        linked_at timestamptz(3) NOT NULL,
        last_used_at timestamptz(3) NOT NULL,
        CONSTRAINT identities_pkey PRIMARY KEY (provider, subject),
        CONSTRAINT identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
        CONSTRAINT identities_provider_check CHECK (provider IN ('google', 'facebook')),
        CONSTRAINT identities_subject_check CHECK (subject <> '')
      )`);
    await runner.query('CREATE INDEX identities_user_id_idx ON identities (user_id)');
    // What is told of a person who comes back from a provider, until the web client fetches it: minutes.
    await runner.query(`
      CREATE TABLE sign_in_codes (
        hash bytea NOT NULL,
        provider text NOT NULL,
        subject text NOT NULL,
        profile jsonb NOT NULL,
        challenge text,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT sign_in_codes_pkey PRIMARY KEY (hash),
        CONSTRAINT sign_in_codes_hash_check CHECK (octet_length(hash) = 32),
        CONSTRAINT sign_in_codes_provider_check CHECK (provider IN ('google', 'facebook'))
      )`);
    await runner.query('CREATE INDEX sign_in_codes_expires_at_idx ON sign_in_codes (expires_at)');
    await runner.query(`
      CREATE TABLE spent_states (
        hash bytea NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT spent_states_pkey PRIMARY KEY (hash),
        CONSTRAINT spent_states_hash_check CHECK (octet_length(hash) = 32)
      )`);
    await runner.query('CREATE INDEX spent_states_expires_at_idx ON spent_states (expires_at)');
    await runner.query(`
      CREATE TABLE mail_tokens (
        hash bytea NOT NULL,
        user_id uuid NOT NULL,
        purpose text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        used_at timestamptz(3),
        CONSTRAINT mail_tokens_pkey PRIMARY KEY (hash),
        CONSTRAINT mail_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
        CONSTRAINT mail_tokens_hash_check CHECK (octet_length(hash) = 32),
        CONSTRAINT mail_tokens_purpose_check CHECK (purpose IN ('verify-email', 'reset-password'))
      )`);
    await runner.query('CREATE INDEX mail_tokens_user_id_idx ON mail_tokens (user_id)');
    await runner.query(`
      CREATE TABLE second_factors (
        user_id uuid NOT NULL,
        sealed_secret bytea NOT NULL,
        created_at timestamptz(3) NOT NULL,
        confirmed_at timestamptz(3),
        last_step bigint,
        CONSTRAINT second_factors_pkey PRIMARY KEY (user_id),
        CONSTRAINT second_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
        CONSTRAINT second_factors_last_step_check CHECK (last_step IS NULL OR confirmed_at IS NOT NULL)
      )`);
    await runner.query(`
      CREATE TABLE recovery_codes (
        user_id uuid NOT NULL,
        hash bytea NOT NULL,
        used_at timestamptz(3),
        CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, hash),
        CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
        CONSTRAINT recovery_codes_hash_check CHECK (octet_length(hash) = 32)
      )`);
    await runner.query(`
      ALTER TABLE sessions
        ADD device text,
        ADD second_factor_at timestamptz(3),
        DROP CONSTRAINT sessions_revoked_because_check,
        ADD ${becauseCheck([...SESSION_ENDS, 'password-reset', 'identity-linked', 'erased'])}`);
    await runner.query('CREATE INDEX sessions_user_id_device_idx ON sessions (user_id, device)');
    await runner.query(`
      CREATE TRIGGER consents_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consents
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the record of consents is append-only')`);
    // What an employee wrote of a person goes when the person goes; that, when and by whom it was handed over stays.
    await runner.query('DROP TRIGGER claim_events_append_only ON claim_events');
    await runner.query(`
      CREATE TRIGGER claim_events_append_only BEFORE DELETE OR TRUNCATE ON claim_events
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the record of hand-overs is append-only')`);
    await runner.query(`
      CREATE TRIGGER claim_events_keep BEFORE UPDATE ON claim_events FOR EACH ROW
      WHEN (NOT ((NEW.id, NEW.ticket_code, NEW.kind, NEW.actor_id, NEW.store_id, NEW.at) IS NOT DISTINCT FROM
          (OLD.id, OLD.ticket_code, OLD.kind, OLD.actor_id, OLD.store_id, OLD.at)
        AND (NEW.note IS NULL OR NEW.note IS NOT DISTINCT FROM OLD.note)
        AND (NEW.reason IS NOT DISTINCT FROM OLD.reason OR (OLD.kind = 'undone' AND NEW.reason = 'ERASED'))))
      EXECUTE FUNCTION refuse_change('the record of hand-overs is append-only')`);
    // The key of a play is the client's text, and may tell who played: it may go, once.
    await runner.query('DROP TRIGGER tickets_won_once ON tickets');
    await runner.query(wonOnce('NEW.play_key IS NOT NULL AND NEW.play_key IS DISTINCT FROM OLD.play_key'));
    // The lock makes two administrators who leave at once take turns; a volatile function sees what the first one did.
    await runner.query(`
      CREATE FUNCTION keep_an_admin() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('keep_an_admin', 0));
        IF NOT EXISTS (SELECT FROM users WHERE role = 'admin' AND is_active AND id <> OLD.id) THEN
          RAISE EXCEPTION 'the last active administrator stays'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'users_last_admin';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
      END $$`);
    await runner.query(`
      CREATE TRIGGER users_last_admin BEFORE UPDATE ON users FOR EACH ROW
      WHEN (OLD.role = 'admin' AND OLD.is_active AND NOT (NEW.role = 'admin' AND NEW.is_active))
      EXECUTE FUNCTION keep_an_admin()`);
    await runner.query(`
      CREATE TRIGGER users_last_admin_stays BEFORE DELETE ON users FOR EACH ROW
      WHEN (OLD.role = 'admin' AND OLD.is_active) EXECUTE FUNCTION keep_an_admin()`);
    await runner.query(`
      CREATE TRIGGER users_keep_erased BEFORE UPDATE ON users FOR EACH ROW
      WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION refuse_change('an erased account stays erased')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const trigger of ['users_keep_erased', 'users_last_admin_stays', 'users_last_admin']) {
      await runner.query(`DROP TRIGGER ${trigger} ON users`);
    }
    await runner.query('DROP FUNCTION keep_an_admin');
    await runner.query('DROP TRIGGER tickets_won_once ON tickets');
    await runner.query(wonOnce('NEW.play_key IS DISTINCT FROM OLD.play_key'));
    await runner.query('DROP TRIGGER claim_events_keep ON claim_events');
    await runner.query('DROP TRIGGER claim_events_append_only ON claim_events');
    await runner.query(`
      CREATE TRIGGER claim_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_events
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the record of hand-overs is append-only')`);
    await runner.query('DROP TRIGGER consents_append_only ON consents');
    // What the previous release has no word for becomes the nearest that it has.
    await runner.query(`
      UPDATE sessions SET revoked_because = 'ended-by-owner' WHERE revoked_because IN ('password-reset', 'identity-linked', 'erased')`);
    await runner.query(`
      ALTER TABLE sessions
        DROP CONSTRAINT sessions_revoked_because_check,
        ADD ${becauseCheck(SESSION_ENDS)},
        DROP device,
        DROP second_factor_at`);
    for (const table of [
      'recovery_codes',
      'second_factors',
      'mail_tokens',
      'spent_states',
      'sign_in_codes',
      'identities',
    ]) {
      await runner.query(`DROP TABLE ${table}`);
    }
    await runner.query('ALTER TABLE users DROP language, DROP last_active_at, DROP erased_at');
  }
}
