import { getConstructionPlans, getMigrationPlans } from 'pg-boss';

/** PostgreSQL schema of the queue, which is pg-boss'. */
export const MAIL_QUEUE_SCHEMA = 'pgboss';
/** Name of the queue in it. */
export const MAIL_QUEUE = 'mail';

/**
 * Statements that bring the queue's schema to what the installed pg-boss expects; to be run by a migration of its own
 * after each update of pg-boss that changes it.
 * @param version the schema's version, or undefined where there is none
 */
export function mailQueueSchemaSql(version: number | undefined): string {
  const plan =
    version === undefined ? getConstructionPlans(MAIL_QUEUE_SCHEMA) : getMigrationPlans(MAIL_QUEUE_SCHEMA, version);
  // Migrations run in a transaction already.
  return plan.replace(/^\s*BEGIN;/, '').replace(/COMMIT;\s*$/, '');
}
