import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of counters, and the triggers that feed them. */
const TRIGGERS: readonly [name: string, table: string][] = [
  ['tickets_count_change', 'tickets'],
  ['tickets_count_added', 'tickets'],
  ['tickets_count_deleted', 'tickets'],
  ['tickets_count_swept', 'tickets'],
  ['users_count_added', 'users'],
  ['users_count_changed', 'users'],
  ['users_count_deleted', 'users'],
];
const FUNCTIONS = [
  'count_ticket_change',
  'count_added_tickets',
  'count_deleted_tickets',
  'count_swept_tickets',
  'count_user',
];
const TABLES = ['participant_totals', 'participants', 'counter_slots', 'counter_totals', 'counter_changes'];

/** How a quarter of an hour is named: by its begin. Whole hours begin at one in every time zone. */
function slotOf(at: string): string {
  return `date_bin('15 minutes', ${at}, timestamptz '2000-01-01T00:00:00Z')`;
}

/** Live statistics: what changes is noted by the statement that changes it, and summed up later. */
export class Statistics1795500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // What happened and stands in no total yet: one narrow row a change, without an index, so that no play waits for
    // another. None of these tables has foreign keys: the ticket itself has them, and whoever sums up would wait for a
    // print run, which locks its contest.
    await runner.query(`
      CREATE TABLE counter_changes (
        kind text NOT NULL,
        n integer NOT NULL,
        contest_id uuid,
        prize_id uuid,
        store_id uuid,
        player_id uuid,
        at timestamptz(3)
      ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
        vacuum_truncate = off)`);
    await runner.query(`
      CREATE TABLE counter_totals (
        kind text NOT NULL,
        contest_id uuid NOT NULL,
        prize_id uuid,
        store_id uuid,
        n bigint NOT NULL,
        CONSTRAINT counter_totals_key UNIQUE NULLS NOT DISTINCT (contest_id, kind, prize_id, store_id)
      ) WITH (fillfactor = 50)`);
    // By quarters of an hour, so that hours and days of any time zone can be put together of them.
    await runner.query(`
      CREATE TABLE counter_slots (
        kind text NOT NULL,
        contest_id uuid,
        slot timestamptz(3) NOT NULL,
        n bigint NOT NULL,
        CONSTRAINT counter_slots_key UNIQUE NULLS NOT DISTINCT (contest_id, kind, slot)
      ) WITH (fillfactor = 80)`);
    // Who they were when they first played: it stays true when an account changes, or becomes nobody's.
    await runner.query(`
      CREATE TABLE participants (
        contest_id uuid NOT NULL,
        player_id uuid NOT NULL,
        gender text,
        age smallint,
        first_played_at timestamptz(3) NOT NULL,
        CONSTRAINT participants_pkey PRIMARY KEY (contest_id, player_id)
      )`);
    await runner.query(`
      CREATE TABLE participant_totals (
        contest_id uuid NOT NULL,
        gender text,
        age smallint,
        n bigint NOT NULL,
        CONSTRAINT participant_totals_key UNIQUE NULLS NOT DISTINCT (contest_id, gender, age)
      ) WITH (fillfactor = 50)`);

    // Nobody writes between the first trigger and the full count. In the order in which an erasure takes them.
    await runner.query('LOCK TABLE users, tickets IN SHARE ROW EXCLUSIVE MODE');
    await this.watchTickets(runner);
    await this.watchUsers(runner);
    await this.count(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('LOCK TABLE users, tickets IN SHARE ROW EXCLUSIVE MODE');
    for (const [name, table] of TRIGGERS) await runner.query(`DROP TRIGGER ${name} ON ${table}`);
    for (const name of FUNCTIONS) await runner.query(`DROP FUNCTION ${name}`);
    for (const name of TABLES) await runner.query(`DROP TABLE ${name}`);
  }

  private async watchTickets(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION count_ticket_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF OLD.player_id IS NULL THEN
          INSERT INTO counter_changes (kind, n, contest_id, prize_id, player_id, at)
          VALUES ('played', 1, NEW.contest_id, NEW.prize_id, NEW.player_id, NEW.played_at);
        END IF;
        -- What is undone is taken out where it was counted: at its time, and in its shop.
        IF OLD.claimed_at IS NOT NULL THEN
          INSERT INTO counter_changes (kind, n, contest_id, prize_id, store_id, at)
          VALUES ('claimed', -1, OLD.contest_id, OLD.prize_id, OLD.store_id, OLD.claimed_at);
        END IF;
        IF NEW.claimed_at IS NOT NULL THEN
          INSERT INTO counter_changes (kind, n, contest_id, prize_id, store_id, at)
          VALUES ('claimed', 1, NEW.contest_id, NEW.prize_id, NEW.store_id, NEW.claimed_at);
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER tickets_count_change AFTER UPDATE ON tickets FOR EACH ROW
      WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION count_ticket_change()`);
    // A print run is one statement of half a million rows: it is counted once, not row by row.
    await runner.query(`
      CREATE FUNCTION count_added_tickets() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        played bigint := 0;
        print_run record;
      BEGIN
        FOR print_run IN
          SELECT contest_id, count(*) AS printed, count(player_id) AS played FROM added GROUP BY contest_id
        LOOP
          INSERT INTO counter_changes (kind, n, contest_id) VALUES ('printed', print_run.printed, print_run.contest_id);
          played := played + print_run.played;
        END LOOP;
        IF played > 0 THEN
          INSERT INTO counter_changes (kind, n, contest_id, prize_id, player_id, at)
          SELECT 'played', 1, contest_id, prize_id, player_id, played_at FROM added WHERE player_id IS NOT NULL;
          INSERT INTO counter_changes (kind, n, contest_id, prize_id, store_id, at)
          SELECT 'claimed', 1, contest_id, prize_id, store_id, claimed_at FROM added WHERE claimed_at IS NOT NULL;
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER tickets_count_added AFTER INSERT ON tickets REFERENCING NEW TABLE AS added
      FOR EACH STATEMENT EXECUTE FUNCTION count_added_tickets()`);
    // A played ticket stays: another trigger keeps it.
    await runner.query(`
      CREATE FUNCTION count_deleted_tickets() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO counter_changes (kind, n, contest_id)
        SELECT 'printed', -count(*), contest_id FROM deleted GROUP BY contest_id;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER tickets_count_deleted AFTER DELETE ON tickets REFERENCING OLD TABLE AS deleted
      FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_tickets()`);
    // Refused by another trigger once a ticket was played; so there is nothing else to take back.
    await runner.query(`
      CREATE FUNCTION count_swept_tickets() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO counter_changes (kind, n, contest_id)
        SELECT 'printed', -sum(n), contest_id FROM (
          SELECT contest_id, n FROM counter_totals WHERE kind = 'printed'
          UNION ALL SELECT contest_id, n FROM counter_changes WHERE kind = 'printed') counted
        GROUP BY contest_id;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER tickets_count_swept AFTER TRUNCATE ON tickets
      FOR EACH STATEMENT EXECUTE FUNCTION count_swept_tickets()`);
  }

  /** Registrations: accounts of customers, by the time they were made. */
  private async watchUsers(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION count_user() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP <> 'INSERT' AND OLD.role = 'customer' THEN
          INSERT INTO counter_changes (kind, n, at) VALUES ('registered', -1, OLD.created_at);
        END IF;
        IF TG_OP <> 'DELETE' AND NEW.role = 'customer' THEN
          INSERT INTO counter_changes (kind, n, at) VALUES ('registered', 1, NEW.created_at);
        END IF;
        RETURN NULL;
      END $$`);
    for (const [name, event, condition] of [
      ['users_count_added', 'INSERT', `NEW.role = 'customer'`],
      ['users_count_changed', 'UPDATE', '(OLD.role, OLD.created_at) IS DISTINCT FROM (NEW.role, NEW.created_at)'],
      ['users_count_deleted', 'DELETE', `OLD.role = 'customer'`],
    ] as const) {
      await runner.query(`
        CREATE TRIGGER ${name} AFTER ${event} ON users FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION count_user()`);
    }
  }

  private async count(runner: QueryRunner): Promise<void> {
    await runner.query(`
      INSERT INTO counter_totals (kind, contest_id, prize_id, store_id, n)
      SELECT 'printed', contest_id, NULL::uuid, NULL::uuid, count(*) FROM tickets GROUP BY contest_id
      UNION ALL
      SELECT 'played', contest_id, prize_id, NULL, count(*) FROM tickets
      WHERE player_id IS NOT NULL GROUP BY contest_id, prize_id
      UNION ALL
      SELECT 'claimed', contest_id, prize_id, store_id, count(*) FROM tickets
      WHERE claimed_at IS NOT NULL GROUP BY contest_id, prize_id, store_id`);
    await runner.query(`
      INSERT INTO counter_slots (kind, contest_id, slot, n)
      SELECT 'played', contest_id, ${slotOf('played_at')}, count(*) FROM tickets
      WHERE player_id IS NOT NULL GROUP BY 2, 3
      UNION ALL
      SELECT 'claimed', contest_id, ${slotOf('claimed_at')}, count(*) FROM tickets
      WHERE claimed_at IS NOT NULL GROUP BY 2, 3
      UNION ALL
      SELECT 'registered', NULL, ${slotOf('created_at')}, count(*) FROM users WHERE role = 'customer' GROUP BY 3`);
    // Of those who took part before there were counters, the age is told by the day in UTC, and of those erased since
    // by the year. 1900-01-01 stands for a birth date that nobody stated.
    await runner.query(`
      INSERT INTO participants (contest_id, player_id, gender, age, first_played_at)
      SELECT t.contest_id, u.id, u.gender, CASE WHEN u.birth_date > '1900-01-01' THEN
          date_part('year', age((t.first AT TIME ZONE 'UTC')::date::timestamp, u.birth_date::timestamp)) END, t.first
      FROM (SELECT contest_id, player_id, min(played_at) AS first FROM tickets
            WHERE player_id IS NOT NULL GROUP BY contest_id, player_id) t
        JOIN users u ON u.id = t.player_id`);
    await runner.query(`
      INSERT INTO participant_totals (contest_id, gender, age, n)
      SELECT contest_id, gender, age, count(*) FROM participants GROUP BY contest_id, gender, age`);
  }
}
