import { MAIL_QUEUE, MAIL_QUEUE_SCHEMA, mailQueueSchemaSql } from '@tiptop/platform';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Seconds. */
const RETENTION = 30 * 86_400;

/** The queue of letters: pg-boss' own schema, and the one door by which letters enter it. */
export class MailQueue1795400000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(mailQueueSchemaSql(undefined));
    // The service sets the pauses between tries at each start; without a queue no letter could wait until then.
    await runner.query(`
      SELECT ${MAIL_QUEUE_SCHEMA}.create_queue('${MAIL_QUEUE}', '{
        "policy": "standard", "retryLimit": 60, "retryDelay": 5, "retryBackoff": true, "retryDelayMax": 3600,
        "expireInSeconds": 300, "heartbeatSeconds": 30,
        "retentionSeconds": ${RETENTION.toString()}, "deleteAfterSeconds": ${RETENTION.toString()}}'::jsonb)`);
    // A letter is added by the statement that causes it, in the middle of a play for one, which pg-boss' own send()
    // could not be part of. The columns are those that its send() fills.
    await runner.query(`
      CREATE FUNCTION enqueue_mail(kind text, user_id uuid, data jsonb) RETURNS uuid LANGUAGE plpgsql AS $$
      DECLARE
        added uuid;
      BEGIN
        INSERT INTO ${MAIL_QUEUE_SCHEMA}.job (name, data, retry_limit, retry_delay, retry_backoff, retry_delay_max,
          expire_seconds, heartbeat_seconds, deletion_seconds, keep_until, policy)
        SELECT q.name, jsonb_build_object('kind', kind, 'userId', user_id, 'data', data), q.retry_limit, q.retry_delay,
          q.retry_backoff, q.retry_delay_max, q.expire_seconds, q.heartbeat_seconds, q.deletion_seconds,
          now() + q.retention_seconds * interval '1 second', q.policy
        FROM ${MAIL_QUEUE_SCHEMA}.queue q WHERE q.name = '${MAIL_QUEUE}'
        RETURNING id INTO STRICT added;
        RETURN added;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION enqueue_mail');
    await runner.query(`DROP SCHEMA ${MAIL_QUEUE_SCHEMA} CASCADE`);
  }
}
