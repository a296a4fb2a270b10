import type { MigrationInterface, QueryRunner } from 'typeorm';

const INDEXES = [
  // Every ticket leaves this one when it is played, so that a play writes nothing to it.
  'tickets_unplayed_idx ON tickets (contest_id, code) WHERE (player_id IS NULL)',
  'tickets_contest_played_idx ON tickets (contest_id, played_at, code) WHERE (player_id IS NOT NULL)',
  'tickets_contest_claimed_idx ON tickets (contest_id, claimed_at, code) WHERE (claimed_at IS NOT NULL)',
  'tickets_store_claimed_idx ON tickets (store_id, claimed_at, code) WHERE (store_id IS NOT NULL)',
  'users_name_key_idx ON users ((user_name_key(first_name, last_name) COLLATE "C"), id) WHERE (erased_at IS NULL)',
  'users_created_at_idx ON users (created_at, id) WHERE (erased_at IS NULL)',
  // Few among many; customers who are not archived stand in neither.
  `users_staff_idx ON users (role) WHERE (role <> 'customer' AND erased_at IS NULL)`,
  'users_archived_idx ON users (created_at, id) WHERE (NOT is_active AND erased_at IS NULL)',
  'users_archived_last_active_idx ON users (last_active_at, id) WHERE (NOT is_active AND erased_at IS NULL)',
  `users_archived_name_idx ON users ((user_name_key(first_name, last_name) COLLATE "C"), id)
   WHERE (NOT is_active AND erased_at IS NULL)`,
];

/** The orders in which administrators leaf through tickets and accounts. */
export class Browsing1795500000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Surname first, without accents, short enough for a cursor; people of one key stand in the order of their ids.
    // Where no character has more than a byte there are no accents, and looking for them would cost the most.
    await runner.query(String.raw`
      CREATE FUNCTION user_name_key(first_name text, last_name text) RETURNS text
      LANGUAGE sql IMMUTABLE PARALLEL SAFE
      RETURN left(lower(CASE
        WHEN octet_length(last_name) = char_length(last_name) AND octet_length(first_name) = char_length(first_name)
          THEN last_name || ' ' || first_name
        ELSE regexp_replace(normalize(last_name || ' ' || first_name, NFD), U&'[\0300-\036f]+', '', 'g') END), 60)`);
    // By the id as well, where many were last active at once.
    await runner.query('DROP INDEX users_last_active_at_idx');
    await runner.query(`CREATE INDEX users_last_active_at_idx ON users (last_active_at, id) WHERE (erased_at IS NULL)`);
    for (const index of INDEXES) await runner.query(`CREATE INDEX ${index}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of INDEXES) await runner.query(`DROP INDEX ${index.split(' ', 1).join()}`);
    await runner.query('DROP FUNCTION user_name_key');
    await runner.query('DROP INDEX users_last_active_at_idx');
    await runner.query(`CREATE INDEX users_last_active_at_idx ON users (last_active_at) WHERE (erased_at IS NULL)`);
  }
}
