import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Print runs as jobs that administrators start, and which reminders were posted to whom. */
export class ContestAdministration1795500000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE print_runs (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        contest_id uuid NOT NULL,
        requested_by uuid NOT NULL,
        count integer NOT NULL,
        status text NOT NULL DEFAULT 'queued',
        progress integer NOT NULL DEFAULT 0,
        reason text,
        requested_at timestamptz(3) NOT NULL,
        started_at timestamptz(3),
        finished_at timestamptz(3),
        heartbeat_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT print_runs_pkey PRIMARY KEY (id),
        CONSTRAINT print_runs_contest_id_fkey FOREIGN KEY (contest_id) REFERENCES contests (id),
        CONSTRAINT print_runs_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES users (id),
        CONSTRAINT print_runs_count_check CHECK (count > 0),
        CONSTRAINT print_runs_status_check CHECK (status IN ('queued', 'running', 'done', 'failed')),
        CONSTRAINT print_runs_progress_check CHECK (progress BETWEEN 0 AND count AND (status <> 'done' OR progress = count)),
        CONSTRAINT print_runs_started_check
          CHECK (CASE status WHEN 'queued' THEN started_at IS NULL WHEN 'failed' THEN true ELSE started_at IS NOT NULL END),
        CONSTRAINT print_runs_finished_check CHECK ((finished_at IS NOT NULL) = (status IN ('done', 'failed'))),
        CONSTRAINT print_runs_reason_check CHECK ((reason IS NOT NULL) = (status = 'failed')
          AND reason IN ('INTERRUPTED', 'PRINT_RUN_CLOSED', 'INTERNAL_ERROR'))
      )`);
    await runner.query('CREATE INDEX print_runs_contest_id_idx ON print_runs (contest_id, requested_at, id)');
    // One at a time for a contest, whichever replica was asked.
    await runner.query(`
      CREATE UNIQUE INDEX print_runs_under_way_key ON print_runs (contest_id)
      WHERE (status = ANY (ARRAY['queued'::text, 'running'::text]))`);
    await runner.query(`
      CREATE TABLE reminders (
        contest_id uuid NOT NULL,
        user_id uuid NOT NULL,
        days_before smallint NOT NULL,
        claim_ends_at timestamptz(3) NOT NULL,
        posted_at timestamptz(3) NOT NULL,
        CONSTRAINT reminders_pkey PRIMARY KEY (contest_id, user_id, days_before, claim_ends_at),
        CONSTRAINT reminders_contest_id_fkey FOREIGN KEY (contest_id) REFERENCES contests (id),
        CONSTRAINT reminders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
        CONSTRAINT reminders_days_before_check CHECK (days_before > 0)
      )`);
    await runner.query('CREATE INDEX reminders_user_id_idx ON reminders (user_id)');
    await runner.query('CREATE INDEX stores_created_at_idx ON stores (created_at, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX stores_created_at_idx');
    await runner.query('DROP TABLE reminders');
    await runner.query('DROP TABLE print_runs');
  }
}
