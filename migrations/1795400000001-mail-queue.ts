import { MAIL_QUEUE, MAIL_QUEUE_SCHEMA, mailQueueSchemaSql } from '@tiptop/platform';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Seconds. */
const RETENTION = 30 * 86_400;

/** Orders of letters, the queue that they move on to, which is pg-boss' own, and the view of both. */
export class MailQueue1795400000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(mailQueueSchemaSql(undefined));
    // The service sets the pauses between tries at each start.
    await runner.query(`
      SELECT ${MAIL_QUEUE_SCHEMA}.create_queue('${MAIL_QUEUE}', '{
        "policy": "standard", "retryLimit": 60, "retryDelay": 5, "retryBackoff": true, "retryDelayMax": 3600,
        "expireInSeconds": 300, "heartbeatSeconds": 30,
        "retentionSeconds": ${RETENTION.toString()}, "deleteAfterSeconds": ${RETENTION.toString()}}'::jsonb)`);
    // What a play writes: a narrow row at the end of one index, and no foreign key, which would have all plays lock one
    // row of the queue.
    await runner.query(`
      CREATE TABLE mail_orders (
        position bigint GENERATED ALWAYS AS IDENTITY,
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        kind text NOT NULL,
        user_id uuid,
        data jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT mail_orders_pkey PRIMARY KEY (position)
      )`);
    await runner.query(`
      CREATE FUNCTION enqueue_mail(kind text, user_id uuid, data jsonb) RETURNS uuid LANGUAGE sql AS $$
        INSERT INTO mail_orders (kind, user_id, data) VALUES (kind, user_id, data) RETURNING id
      $$`);
    // The columns are those that pg-boss' send() fills. Several may be at it: each moves what no other is moving.
    await runner.query(`
      CREATE FUNCTION move_mail_orders(most integer) RETURNS integer LANGUAGE plpgsql AS $$
      DECLARE
        moved integer;
      BEGIN
        WITH due AS (
          SELECT position FROM mail_orders ORDER BY position LIMIT most FOR UPDATE SKIP LOCKED
        ), taken AS (
          DELETE FROM mail_orders o USING due WHERE o.position = due.position
          RETURNING o.id, o.kind, o.user_id, o.data, o.created_at
        )
        INSERT INTO ${MAIL_QUEUE_SCHEMA}.job (id, name, data, created_on, retry_limit, retry_delay, retry_backoff,
          retry_delay_max, expire_seconds, heartbeat_seconds, deletion_seconds, keep_until, policy)
        SELECT o.id, q.name, jsonb_build_object('kind', o.kind, 'userId', o.user_id, 'data', o.data), o.created_at,
          q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.expire_seconds, q.heartbeat_seconds,
          q.deletion_seconds, now() + q.retention_seconds * interval '1 second', q.policy
        FROM taken o CROSS JOIN ${MAIL_QUEUE_SCHEMA}.queue q WHERE q.name = '${MAIL_QUEUE}';
        GET DIAGNOSTICS moved = ROW_COUNT;
        RETURN moved;
      END $$`);
    await runner.query(`
      CREATE VIEW letters AS
      SELECT id, kind, user_id, data, 'created' AS state, created_at FROM mail_orders
      UNION ALL
      SELECT id, data->>'kind', (data->>'userId')::uuid, data->'data', state::text, created_on
      FROM ${MAIL_QUEUE_SCHEMA}.job WHERE name = '${MAIL_QUEUE}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP VIEW letters');
    await runner.query('DROP FUNCTION move_mail_orders');
    await runner.query('DROP FUNCTION enqueue_mail');
    await runner.query('DROP TABLE mail_orders');
    await runner.query(`DROP SCHEMA ${MAIL_QUEUE_SCHEMA} CASCADE`);
  }
}
