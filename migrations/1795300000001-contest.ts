import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The contest: its prizes, its tickets, the sealed deck that decides them, and the record of hand-overs. */
export class Contest1795300000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE contests (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        slug text NOT NULL,
        name text NOT NULL,
        starts_at timestamptz(3) NOT NULL,
        ends_at timestamptz(3) NOT NULL,
        claim_ends_at timestamptz(3) NOT NULL,
        checked_codes boolean NOT NULL DEFAULT true,
        created_at timestamptz(3) NOT NULL,
        CONSTRAINT contests_pkey PRIMARY KEY (id),
        CONSTRAINT contests_slug_key UNIQUE (slug),
        CONSTRAINT contests_slug_check CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
        CONSTRAINT contests_dates_check CHECK (starts_at < ends_at AND ends_at <= claim_ends_at)
      )`);
    await runner.query(`
      CREATE TABLE prizes (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        contest_id uuid NOT NULL,
        ordinal smallint NOT NULL,
        name text NOT NULL,
        description text NOT NULL,
        value_cents integer NOT NULL,
        currency text NOT NULL,
        weight integer NOT NULL,
        CONSTRAINT prizes_pkey PRIMARY KEY (id),
        CONSTRAINT prizes_contest_id_ordinal_key UNIQUE (contest_id, ordinal),
        CONSTRAINT prizes_contest_id_fkey FOREIGN KEY (contest_id) REFERENCES contests (id),
        CONSTRAINT prizes_ordinal_check CHECK (ordinal BETWEEN 0 AND 255),
        CONSTRAINT prizes_value_cents_check CHECK (value_cents >= 0),
        CONSTRAINT prizes_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT prizes_weight_check CHECK (weight > 0)
      )`);
    await runner.query(`
      CREATE TABLE stores (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        name text NOT NULL,
        city text NOT NULL,
        is_active boolean NOT NULL DEFAULT true,
        created_at timestamptz(3) NOT NULL,
        CONSTRAINT stores_pkey PRIMARY KEY (id)
      )`);
    await runner.query(`
      CREATE TABLE tickets (
        code text NOT NULL,
        contest_id uuid NOT NULL,
        status text NOT NULL DEFAULT 'unclaimed',
        player_id uuid,
        prize_id uuid,
        deck_position integer,
        played_at timestamptz(3),
        play_key text,
        claimed_by uuid,
        claimed_at timestamptz(3),
        store_id uuid,
        CONSTRAINT tickets_pkey PRIMARY KEY (code),
        CONSTRAINT tickets_contest_id_fkey FOREIGN KEY (contest_id) REFERENCES contests (id),
        CONSTRAINT tickets_player_id_fkey FOREIGN KEY (player_id) REFERENCES users (id),
        CONSTRAINT tickets_prize_id_fkey FOREIGN KEY (prize_id) REFERENCES prizes (id),
        CONSTRAINT tickets_claimed_by_fkey FOREIGN KEY (claimed_by) REFERENCES users (id),
        CONSTRAINT tickets_store_id_fkey FOREIGN KEY (store_id) REFERENCES stores (id),
        CONSTRAINT tickets_code_check CHECK (code ~ '^[0-9A-Z]{10}$'),
        CONSTRAINT tickets_status_check CHECK (status = CASE
          WHEN claimed_at IS NOT NULL THEN 'claimed' WHEN player_id IS NOT NULL THEN 'pending' ELSE 'unclaimed' END),
        CONSTRAINT tickets_play_check CHECK (
          num_nulls(player_id, prize_id, deck_position, played_at) IN (0, 4)),
        CONSTRAINT tickets_play_key_check CHECK (play_key IS NULL OR player_id IS NOT NULL),
        CONSTRAINT tickets_claim_check CHECK (
          num_nulls(claimed_by, claimed_at) IN (0, 2) AND (claimed_at IS NULL OR player_id IS NOT NULL)),
        CONSTRAINT tickets_store_check CHECK (store_id IS NULL OR claimed_at IS NOT NULL),
        CONSTRAINT tickets_claim_order_check CHECK (claimed_at >= played_at),
        CONSTRAINT tickets_self_claim_check CHECK (claimed_by <> player_id)
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX tickets_deck_position_key ON tickets (contest_id, deck_position)
      WHERE (deck_position IS NOT NULL)`);
    await runner.query(`
      CREATE INDEX tickets_player_id_idx ON tickets (player_id, played_at, code) WHERE (player_id IS NOT NULL)`);
    await runner.query(`
      CREATE UNIQUE INDEX tickets_play_key_key ON tickets (player_id, play_key) WHERE (play_key IS NOT NULL)`);
    await runner.query(`
      CREATE INDEX tickets_played_idx ON tickets (status, played_at, code) WHERE (player_id IS NOT NULL)`);
    await runner.query(`
      CREATE TABLE decks (
        contest_id uuid NOT NULL,
        size integer NOT NULL,
        page_size integer NOT NULL,
        sequence_name text NOT NULL,
        algorithm text NOT NULL,
        commitment text NOT NULL,
        salt bytea NOT NULL,
        sealed_seed bytea NOT NULL,
        key_fingerprint text NOT NULL,
        sealed_at timestamptz(3) NOT NULL,
        CONSTRAINT decks_pkey PRIMARY KEY (contest_id),
        CONSTRAINT decks_contest_id_fkey FOREIGN KEY (contest_id) REFERENCES contests (id),
        CONSTRAINT decks_size_check CHECK (size > 0 AND page_size > 0),
        CONSTRAINT decks_commitment_check CHECK (commitment ~ '^[0-9a-f]{64}$')
      )`);
    // Below 2 kB a page stays in its row: one heap fetch a play, nothing to detoast.
    await runner.query(`
      CREATE TABLE deck_pages (
        contest_id uuid NOT NULL,
        page integer NOT NULL,
        cards bytea NOT NULL,
        CONSTRAINT deck_pages_pkey PRIMARY KEY (contest_id, page),
        CONSTRAINT deck_pages_contest_id_fkey FOREIGN KEY (contest_id) REFERENCES decks (contest_id) ON DELETE CASCADE
      )`);
    await runner.query('ALTER TABLE deck_pages ALTER COLUMN cards SET STORAGE PLAIN');
    await runner.query(`
      CREATE TABLE deck_leftovers (
        contest_id uuid NOT NULL,
        position integer NOT NULL,
        CONSTRAINT deck_leftovers_pkey PRIMARY KEY (contest_id, position),
        CONSTRAINT deck_leftovers_contest_id_fkey
          FOREIGN KEY (contest_id) REFERENCES decks (contest_id) ON DELETE CASCADE
      )`);
    await runner.query(`
      CREATE TABLE claim_events (
        id bigint GENERATED ALWAYS AS IDENTITY,
        ticket_code text NOT NULL,
        kind text NOT NULL,
        actor_id uuid NOT NULL,
        store_id uuid,
        reason text,
        note text,
        at timestamptz(3) NOT NULL,
        CONSTRAINT claim_events_pkey PRIMARY KEY (id),
        CONSTRAINT claim_events_ticket_code_fkey FOREIGN KEY (ticket_code) REFERENCES tickets (code),
        CONSTRAINT claim_events_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES users (id),
        CONSTRAINT claim_events_store_id_fkey FOREIGN KEY (store_id) REFERENCES stores (id),
        CONSTRAINT claim_events_kind_check CHECK (kind IN ('validated', 'refused', 'undone')),
        CONSTRAINT claim_events_reason_check CHECK ((kind = 'validated') = (reason IS NULL)),
        CONSTRAINT claim_events_refusal_check
          CHECK (kind <> 'refused' OR reason IN ('ID_MISSING', 'ID_MISMATCH', 'OTHER'))
      )`);
    await runner.query('CREATE INDEX claim_events_ticket_code_idx ON claim_events (ticket_code, id)');

    await runner.query(`
      CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '%: %', TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
      END $$`);
    await runner.query(`
      CREATE TRIGGER claim_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_events
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the record of hand-overs is append-only')`);

    // Won once, by one person; handed over once, by one employee, until an undo gives it back. The conditions are plain
    // expressions, so that an ordinary play never enters the function.
    await runner.query(`
      CREATE TRIGGER tickets_won_once BEFORE UPDATE ON tickets FOR EACH ROW
      WHEN (OLD.player_id IS NOT NULL AND
        (NEW.player_id, NEW.prize_id, NEW.deck_position, NEW.played_at, NEW.play_key) IS DISTINCT FROM
        (OLD.player_id, OLD.prize_id, OLD.deck_position, OLD.played_at, OLD.play_key))
      EXECUTE FUNCTION refuse_change('a play is final')`);
    await runner.query(`
      CREATE TRIGGER tickets_handed_over_once BEFORE UPDATE ON tickets FOR EACH ROW
      WHEN (OLD.claimed_at IS NOT NULL AND NEW.claimed_at IS NOT NULL AND
        (NEW.claimed_by, NEW.claimed_at, NEW.store_id) IS DISTINCT FROM (OLD.claimed_by, OLD.claimed_at, OLD.store_id))
      EXECUTE FUNCTION refuse_change('a hand-over is undone, never overwritten')`);
    await runner.query(`
      CREATE TRIGGER tickets_keep_identity BEFORE UPDATE ON tickets FOR EACH ROW
      WHEN (NEW.code <> OLD.code OR NEW.contest_id <> OLD.contest_id)
      EXECUTE FUNCTION refuse_change('a ticket keeps its code and its contest')`);
    await runner.query(`
      CREATE TRIGGER tickets_keep_played BEFORE DELETE ON tickets FOR EACH ROW WHEN (OLD.player_id IS NOT NULL)
      EXECUTE FUNCTION refuse_change('a played ticket stays')`);

    // A sealed contest keeps its prizes and their places: the deck's cards are those places.
    await runner.query(`
      CREATE FUNCTION keep_sealed_prizes() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'UPDATE' AND (NEW.id, NEW.contest_id, NEW.ordinal, NEW.weight)
            IS NOT DISTINCT FROM (OLD.id, OLD.contest_id, OLD.ordinal, OLD.weight) THEN
          RETURN NEW;
        END IF;
        IF EXISTS (SELECT 1 FROM decks WHERE contest_id IN (OLD.contest_id, NEW.contest_id)) THEN
          RAISE EXCEPTION 'the deck of this contest is sealed' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
      END $$`);
    await runner.query(`
      CREATE TRIGGER prizes_keep_sealed BEFORE INSERT OR UPDATE OR DELETE ON prizes
      FOR EACH ROW EXECUTE FUNCTION keep_sealed_prizes()`);
    await runner.query(`
      CREATE FUNCTION keep_dealt_deck() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT 1 FROM tickets WHERE contest_id = OLD.contest_id AND deck_position IS NOT NULL) THEN
          RAISE EXCEPTION 'this deck is being dealt' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
      END $$`);
    await runner.query(`
      CREATE FUNCTION keep_dealt_decks() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT 1 FROM tickets WHERE deck_position IS NOT NULL) THEN
          RAISE EXCEPTION 'a deck is being dealt' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
      END $$`);
    for (const table of ['decks', 'deck_pages', 'tickets']) {
      await runner.query(`
        CREATE TRIGGER ${table}_keep_all BEFORE TRUNCATE ON ${table}
        FOR EACH STATEMENT EXECUTE FUNCTION keep_dealt_decks()`);
    }
    for (const table of ['decks', 'deck_pages']) {
      await runner.query(`
        CREATE TRIGGER ${table}_keep_dealt BEFORE UPDATE OR DELETE ON ${table}
        FOR EACH ROW EXECUTE FUNCTION keep_dealt_deck()`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$
      DECLARE deck record;
      BEGIN
        FOR deck IN SELECT sequence_name FROM decks LOOP
          EXECUTE format('DROP SEQUENCE IF EXISTS %I', deck.sequence_name);
        END LOOP;
      END $$`);
    for (const table of [
      'claim_events',
      'deck_leftovers',
      'deck_pages',
      'decks',
      'tickets',
      'stores',
      'prizes',
      'contests',
    ]) {
      await runner.query(`DROP TABLE ${table}`);
    }
    await runner.query('DROP FUNCTION keep_dealt_deck');
    await runner.query('DROP FUNCTION keep_dealt_decks');
    await runner.query('DROP FUNCTION keep_sealed_prizes');
    await runner.query('DROP FUNCTION refuse_change');
  }
}
