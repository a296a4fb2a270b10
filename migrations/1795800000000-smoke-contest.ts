import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The triggers that count registrations: name, event, when it counts, and whose id it is. */
const USER_TRIGGERS = [
  ['users_count_added', 'INSERT', `NEW.role = 'customer'`, 'NEW.id'],
  ['users_count_changed', 'UPDATE', '(OLD.role, OLD.created_at) IS DISTINCT FROM (NEW.role, NEW.created_at)', 'NEW.id'],
  ['users_count_deleted', 'DELETE', `OLD.role = 'customer'`, 'OLD.id'],
] as const;
const COUNTERS = ['counter_changes', 'counter_totals', 'counter_slots', 'participants', 'participant_totals'];

/** @param id SQL of the id of a contest or a person */
function isSmoke(id: string): string {
  return `${id} BETWEEN '00000000-0000-8000-8000-000000000000' AND '00000000-0000-8000-8000-ffffffffffff'`;
}

/**
 * Contests and people of smoke journeys, known by their ids: a play looks nothing up to be told from them. They play and
 * hand over among themselves only, are counted nowhere, and get no letters.
 */
export class SmokeContest1795800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Nobody writes between the old triggers and the new ones. In the order in which an erasure takes them.
    await runner.query('LOCK TABLE users, tickets IN SHARE ROW EXCLUSIVE MODE');
    await runner.query(`
      ALTER TABLE tickets ADD CONSTRAINT tickets_smoke_check CHECK (
        (${isSmoke('player_id')}) = (${isSmoke('contest_id')}) AND (${isSmoke('claimed_by')}) = (${isSmoke('contest_id')}))`);
    await runner.query(`
      ALTER TABLE users ADD CONSTRAINT users_smoke_check CHECK (
        NOT (${isSmoke('id')}) OR (role <> 'admin' AND erased_at IS NULL))`);
    await this.watch(runner, true);
    // A letter is ordered by whatever causes it, in this release and in others; here every order comes past.
    await runner.query(`
      CREATE FUNCTION drop_order() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER mail_orders_none_for_smoke BEFORE INSERT ON mail_orders FOR EACH ROW
      WHEN (${isSmoke('NEW.user_id')}) EXECUTE FUNCTION drop_order()`);
    // There is something of them only where this was reverted.
    for (const table of COUNTERS) await runner.query(`DELETE FROM ${table} WHERE ${isSmoke('contest_id')}`);
    await runner.query(`
      INSERT INTO counter_changes (kind, n, at)
      SELECT 'registered', -1, created_at FROM users WHERE role = 'customer' AND ${isSmoke('id')}`);
  }

  /** The previous release counts everything. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('LOCK TABLE users, tickets IN SHARE ROW EXCLUSIVE MODE');
    await runner.query('DROP TRIGGER mail_orders_none_for_smoke ON mail_orders');
    await runner.query('DROP FUNCTION drop_order');
    await this.watch(runner, false);
    await runner.query('ALTER TABLE users DROP CONSTRAINT users_smoke_check');
    await runner.query('ALTER TABLE tickets DROP CONSTRAINT tickets_smoke_check');
    await runner.query(`
      INSERT INTO counter_changes (kind, n, contest_id, prize_id, store_id, player_id, at)
      SELECT 'printed', count(*), contest_id, NULL::uuid, NULL::uuid, NULL::uuid, NULL::timestamptz FROM tickets
      WHERE ${isSmoke('contest_id')} GROUP BY contest_id
      UNION ALL
      SELECT 'played', 1, contest_id, prize_id, NULL, player_id, played_at FROM tickets
      WHERE ${isSmoke('contest_id')} AND player_id IS NOT NULL
      UNION ALL
      SELECT 'claimed', 1, contest_id, prize_id, store_id, NULL, claimed_at FROM tickets
      WHERE ${isSmoke('contest_id')} AND claimed_at IS NOT NULL
      UNION ALL
      SELECT 'registered', 1, NULL, NULL, NULL, NULL, created_at FROM users WHERE role = 'customer' AND ${isSmoke('id')}`);
  }

  /** @param apart whether smoke journeys are left out */
  private async watch(runner: QueryRunner, apart: boolean): Promise<void> {
    const real = (id: string): string => (apart ? ` AND NOT (${isSmoke(id)})` : '');
    await runner.query('DROP TRIGGER tickets_count_change ON tickets');
    await runner.query(`
      CREATE TRIGGER tickets_count_change AFTER UPDATE ON tickets FOR EACH ROW
      WHEN (OLD.status IS DISTINCT FROM NEW.status${real('NEW.contest_id')}) EXECUTE FUNCTION count_ticket_change()`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION count_added_tickets() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        played bigint := 0;
        print_run record;
      BEGIN
        FOR print_run IN
          SELECT contest_id, count(*) AS printed, count(player_id) AS played FROM added
          WHERE true${real('contest_id')} GROUP BY contest_id
        LOOP
          INSERT INTO counter_changes (kind, n, contest_id) VALUES ('printed', print_run.printed, print_run.contest_id);
          played := played + print_run.played;
        END LOOP;
        IF played > 0 THEN
          INSERT INTO counter_changes (kind, n, contest_id, prize_id, player_id, at)
          SELECT 'played', 1, contest_id, prize_id, player_id, played_at FROM added
          WHERE player_id IS NOT NULL${real('contest_id')};
          INSERT INTO counter_changes (kind, n, contest_id, prize_id, store_id, at)
          SELECT 'claimed', 1, contest_id, prize_id, store_id, claimed_at FROM added
          WHERE claimed_at IS NOT NULL${real('contest_id')};
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION count_deleted_tickets() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO counter_changes (kind, n, contest_id)
        SELECT 'printed', -count(*), contest_id FROM deleted WHERE true${real('contest_id')} GROUP BY contest_id;
        RETURN NULL;
      END $$`);
    for (const [name, event, condition, id] of USER_TRIGGERS) {
      await runner.query(`DROP TRIGGER ${name} ON users`);
      await runner.query(`
        CREATE TRIGGER ${name} AFTER ${event} ON users FOR EACH ROW
        WHEN (${condition}${real(id)}) EXECUTE FUNCTION count_user()`);
    }
  }
}
