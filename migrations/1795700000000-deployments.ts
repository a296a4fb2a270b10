import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is known of deployments and rollbacks. */
export class Deployments1795700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE deployments (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        environment text NOT NULL,
        kind text NOT NULL,
        status text NOT NULL,
        actor text NOT NULL,
        owner text NOT NULL,
        tag text NOT NULL,
        version text,
        revision text,
        release jsonb,
        previous jsonb,
        snapshot text,
        started_at timestamptz(3) NOT NULL,
        finished_at timestamptz(3),
        step text,
        steps jsonb NOT NULL DEFAULT '[]',
        warnings jsonb NOT NULL DEFAULT '[]',
        reason text,
        failure_noticed_at timestamptz(3),
        recovered_at timestamptz(3),
        CONSTRAINT deployments_pkey PRIMARY KEY (id),
        CONSTRAINT deployments_kind_check CHECK (kind IN ('deployment', 'rollback')),
        CONSTRAINT deployments_status_check
          CHECK (status IN ('running', 'succeeded', 'failed', 'cancelled', 'rolled-back', 'rollback-failed')),
        CONSTRAINT deployments_finished_check CHECK ((finished_at IS NULL) = (status = 'running')),
        CONSTRAINT deployments_reason_check CHECK ((reason IS NULL) = (status IN ('running', 'succeeded'))),
        CONSTRAINT deployments_release_check CHECK (status <> 'succeeded' OR release IS NOT NULL),
        CONSTRAINT deployments_rolled_back_check
          CHECK (status <> 'rolled-back' OR (previous IS NOT NULL AND recovered_at IS NOT NULL)),
        CONSTRAINT deployments_rollback_failed_check
          CHECK (status <> 'rollback-failed' OR (failure_noticed_at IS NOT NULL AND recovered_at IS NULL)),
        CONSTRAINT deployments_recovered_check CHECK (recovered_at IS NULL OR failure_noticed_at IS NOT NULL)
      )`);
    // One at a time, whoever began it.
    await runner.query(`
      CREATE UNIQUE INDEX deployments_running_key ON deployments (environment) WHERE (status = 'running')`);
    await runner.query('CREATE INDEX deployments_started_at_idx ON deployments (started_at, id)');
    await runner.query('CREATE INDEX deployments_finished_at_idx ON deployments (environment, finished_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE deployments');
  }
}
