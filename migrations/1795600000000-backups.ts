import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is known of backups, of their trials, and of who is at work on an installation. */
export class Backups1795600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE backup_runs (
        id text NOT NULL,
        environment text NOT NULL,
        kind text NOT NULL,
        trigger text NOT NULL,
        slot timestamptz(3),
        status text NOT NULL,
        owner text,
        started_at timestamptz(3) NOT NULL,
        finished_at timestamptz(3),
        step text,
        steps jsonb NOT NULL DEFAULT '[]',
        manifest jsonb,
        copies jsonb NOT NULL DEFAULT '[]',
        report jsonb,
        reason text,
        CONSTRAINT backup_runs_pkey PRIMARY KEY (id),
        CONSTRAINT backup_runs_kind_check CHECK (kind IN ('daily', 'weekly', 'monthly', 'pre-deploy', 'manual')),
        CONSTRAINT backup_runs_status_check CHECK (status IN ('requested', 'running', 'succeeded', 'degraded', 'failed')),
        CONSTRAINT backup_runs_trigger_check CHECK (trigger IN ('schedule', 'catch-up', 'manual', 'deployment')),
        CONSTRAINT backup_runs_finished_check CHECK ((finished_at IS NULL) = (status IN ('requested', 'running'))),
        CONSTRAINT backup_runs_manifest_check CHECK (status NOT IN ('succeeded', 'degraded') OR manifest IS NOT NULL)
      )`);
    await runner.query('CREATE INDEX backup_runs_started_at_idx ON backup_runs (environment, started_at, id)');
    await runner.query(`
      CREATE UNIQUE INDEX backup_runs_slot_key ON backup_runs (environment, slot)
      WHERE (slot IS NOT NULL AND status <> 'failed')`);
    await runner.query(`
      CREATE TABLE backup_verifications (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        backup_id text NOT NULL,
        level text NOT NULL,
        source text NOT NULL,
        passed boolean NOT NULL,
        detail text NOT NULL,
        started_at timestamptz(3) NOT NULL,
        finished_at timestamptz(3) NOT NULL,
        CONSTRAINT backup_verifications_pkey PRIMARY KEY (id),
        CONSTRAINT backup_verifications_level_check CHECK (level IN ('restore', 'drill'))
      )`);
    await runner.query(
      'CREATE INDEX backup_verifications_backup_id_idx ON backup_verifications (backup_id, started_at)',
    );
    await runner.query('CREATE INDEX backup_verifications_level_idx ON backup_verifications (level, started_at)');
    await runner.query(`
      CREATE TABLE operation_leases (
        environment text NOT NULL,
        operation text NOT NULL,
        owner text NOT NULL,
        acquired_at timestamptz(3) NOT NULL DEFAULT now(),
        heartbeat_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT operation_leases_pkey PRIMARY KEY (environment),
        CONSTRAINT operation_leases_operation_check
          CHECK (operation IN ('backup', 'prune', 'restore', 'deployment', 'drill'))
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE operation_leases');
    await runner.query('DROP TABLE backup_verifications');
    await runner.query('DROP TABLE backup_runs');
  }
}
