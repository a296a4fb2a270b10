import type { MigrationInterface, QueryRunner } from 'typeorm';

const SESSION_ENDS = [
  'logout',
  'reuse',
  'password-changed',
  'ended-by-owner',
  'password-reset',
  'identity-linked',
  'erased',
];
const PURPOSES = ['verify-email', 'reset-password'];

function oneOf(column: string, values: readonly string[]): string {
  return `CHECK (${column} IN (${values.map((value) => `'${value}'`).join(', ')}))`;
}

function sessionEnds(ends: readonly string[]): string {
  return `
    ALTER TABLE sessions DROP CONSTRAINT sessions_revoked_because_check,
      ADD CONSTRAINT sessions_revoked_because_check ${oneOf('revoked_because', ends)}`;
}

function purposes(all: readonly string[]): string {
  return `
    ALTER TABLE mail_tokens DROP CONSTRAINT mail_tokens_purpose_check,
      ADD CONSTRAINT mail_tokens_purpose_check ${oneOf('purpose', all)}`;
}

/** The audit log and its chain; archived accounts and invitations. */
export class Audit1795500000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // No foreign keys: the log holds for whatever it names, and nothing it names has to stay for its sake. The address
    // stands beside the chain, which holds a salted digest of it: it can be taken out, and never be exchanged.
    await runner.query(`
      CREATE TABLE audit_entries (
        id bigint GENERATED ALWAYS AS IDENTITY,
        at timestamptz(3) NOT NULL,
        actor_id uuid,
        actor_role text NOT NULL,
        action text NOT NULL,
        subject_type text,
        subject_id text,
        details jsonb NOT NULL,
        request_id text,
        address text,
        address_salt bytea,
        address_digest bytea,
        CONSTRAINT audit_entries_pkey PRIMARY KEY (id),
        CONSTRAINT audit_entries_actor_check CHECK (
          CASE WHEN actor_role IN ('customer', 'employee', 'admin') THEN actor_id IS NOT NULL
            ELSE actor_role IN ('operator', 'service', 'anonymous') AND actor_id IS NULL END),
        CONSTRAINT audit_entries_action_check CHECK (action ~ '^[a-z]+(-[a-z]+)*$'),
        CONSTRAINT audit_entries_subject_check CHECK (num_nulls(subject_type, subject_id) IN (0, 2)),
        CONSTRAINT audit_entries_details_check CHECK (jsonb_typeof(details) = 'object'),
        CONSTRAINT audit_entries_address_check CHECK (
          num_nulls(address, address_salt) IN (0, 2) AND (address IS NULL OR address_digest IS NOT NULL)),
        CONSTRAINT audit_entries_digest_check CHECK (octet_length(address_digest) = 32)
      )`);
    await runner.query('CREATE INDEX audit_entries_at_idx ON audit_entries (at, id)');
    await runner.query('CREATE INDEX audit_entries_action_idx ON audit_entries (action, at, id)');
    await runner.query(
      'CREATE INDEX audit_entries_actor_id_idx ON audit_entries (actor_id, at, id) WHERE (actor_id IS NOT NULL)',
    );
    await runner.query(`
      CREATE INDEX audit_entries_subject_idx ON audit_entries (subject_id, at, id) WHERE (subject_id IS NOT NULL)`);
    // An entry leaves it when its address goes, so that those that still have one are found at once.
    await runner.query('CREATE INDEX audit_entries_address_idx ON audit_entries (at, id) WHERE (address IS NOT NULL)');
    await runner.query(`
      CREATE TABLE audit_chain (
        position bigint NOT NULL,
        entry_id bigint NOT NULL,
        hash bytea NOT NULL,
        CONSTRAINT audit_chain_pkey PRIMARY KEY (position),
        CONSTRAINT audit_chain_entry_id_key UNIQUE (entry_id),
        CONSTRAINT audit_chain_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES audit_entries (id),
        CONSTRAINT audit_chain_position_check CHECK (position > 0),
        CONSTRAINT audit_chain_hash_check CHECK (octet_length(hash) = 32)
      )`);
    await runner.query(`
      CREATE TRIGGER audit_entries_append_only BEFORE DELETE OR TRUNCATE ON audit_entries
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the audit log is append-only')`);
    await runner.query(`
      CREATE TRIGGER audit_entries_keep BEFORE UPDATE ON audit_entries FOR EACH ROW
      WHEN (NOT ((NEW.id, NEW.at, NEW.actor_id, NEW.actor_role, NEW.action, NEW.subject_type, NEW.subject_id,
          NEW.details, NEW.request_id, NEW.address_digest) IS NOT DISTINCT FROM
          (OLD.id, OLD.at, OLD.actor_id, OLD.actor_role, OLD.action, OLD.subject_type, OLD.subject_id,
          OLD.details, OLD.request_id, OLD.address_digest)
        AND NEW.address IS NULL AND NEW.address_salt IS NULL))
      EXECUTE FUNCTION refuse_change('the audit log is append-only')`);
    await runner.query(`
      CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the audit log is append-only')`);
    await runner.query(`
      CREATE TRIGGER audit_chain_by_entries BEFORE INSERT ON audit_chain FOR EACH STATEMENT
      WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_change('an entry of the audit log chains itself')`);
    // At the commit, so that writers take turns for a moment only, however long their transactions are. As its owner, so
    // that the service's account needs no right to write the chain. Each statement sees what was committed before it,
    // which under a snapshot of the whole transaction would not be so.
    await runner.query(`
      CREATE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp AS $$
      DECLARE
        place bigint := 1;
        before bytea := decode(repeat('00', 32), 'hex');
        head record;
      BEGIN
        IF current_setting('transaction_isolation') <> 'read committed' THEN
          RAISE EXCEPTION 'an audit entry is written in a transaction that reads what is committed'
            USING ERRCODE = 'active_sql_transaction';
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended('audit_chain', 0));
        SELECT position, hash INTO head FROM public.audit_chain ORDER BY position DESC LIMIT 1;
        IF FOUND THEN
          place := head.position + 1;
          before := head.hash;
        END IF;
        INSERT INTO public.audit_chain (position, entry_id, hash)
        VALUES (place, NEW.id, sha256(before || int8send(place) || convert_to(jsonb_build_array(
          NEW.id, (extract(epoch FROM NEW.at) * 1000)::bigint, NEW.actor_id, NEW.actor_role, NEW.action,
          NEW.subject_type, NEW.subject_id, NEW.details, NEW.request_id, encode(NEW.address_digest, 'hex'))::text,
          'UTF8')));
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE CONSTRAINT TRIGGER audit_entries_chained AFTER INSERT ON audit_entries
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chain_audit_entry()`);
    // Or somebody could hang it on a table of their own, and chain what they wrote there.
    await runner.query('REVOKE EXECUTE ON FUNCTION chain_audit_entry FROM PUBLIC');
    // Not even the owner alters or removes what was written, short of giving itself back the right to. UPDATE of the
    // address serves the foreign key as well, which locks the entry in the owner's name.
    await runner.query('REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries, audit_chain FROM CURRENT_USER');
    await runner.query('GRANT UPDATE (address, address_salt) ON audit_entries TO CURRENT_USER');

    await runner.query(sessionEnds([...SESSION_ENDS, 'archived']));
    await runner.query(purposes([...PURPOSES, 'invitation']));
  }

  async down(runner: QueryRunner): Promise<void> {
    // What the previous release has no word for becomes the nearest that it has.
    await runner.query(`DELETE FROM mail_tokens WHERE purpose = 'invitation'`);
    await runner.query(purposes(PURPOSES));
    await runner.query(`UPDATE sessions SET revoked_because = 'ended-by-owner' WHERE revoked_because = 'archived'`);
    await runner.query(sessionEnds(SESSION_ENDS));
    await runner.query('DROP TABLE audit_chain');
    await runner.query('DROP TABLE audit_entries');
    await runner.query('DROP FUNCTION chain_audit_entry');
  }
}
