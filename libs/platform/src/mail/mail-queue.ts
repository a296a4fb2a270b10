import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { EntityManager } from 'typeorm';
import { PG_POOL } from '../database/database.module';
import type { KeysetPosition } from '../pagination/keyset';
import { moveOrders } from './mail-relay';
import { MAIL_QUEUE, MAIL_QUEUE_SCHEMA } from './mail-queue-schema';

export const MAIL_STATES = ['waiting', 'delivered', 'dead'] as const;
/** `waiting` includes letters that are tried again and those under way; `dead` ones are tried no more. */
export type MailState = (typeof MAIL_STATES)[number];

/** A letter as the queue knows it: about whom, and nothing of what it says. */
export interface QueuedMail {
  id: string;
  kind: string;
  /** Null for one that concerns nobody, and is dropped. */
  userId: string | null;
  state: MailState;
  createdAt: Date;
  /** How often it was tried. */
  tries: number;
  /** Why the last try failed, without anything that tells of a person. */
  lastError: string | null;
}

const ORDERS_AT_ONCE = 5000;
const JOBS = `${MAIL_QUEUE_SCHEMA}.job`;
const STATES: Readonly<Record<MailState, readonly string[]>> = {
  waiting: ['created', 'retry', 'active'],
  delivered: ['completed'],
  dead: ['failed', 'cancelled'],
};
const COLUMNS = `j.id, j.data->>'kind' AS kind, j.data->>'userId' AS "userId",
  CASE WHEN j.state = 'completed' THEN 'delivered' WHEN j.state > 'completed' THEN 'dead' ELSE 'waiting' END AS state,
  j.created_on AS "createdAt", CASE WHEN j.started_on IS NULL THEN 0 ELSE j.retry_count + 1 END AS tries,
  coalesce(j.output->>'message', j.output->'value'->>'message') AS "lastError"`;

/** What became of letters. The only one besides the delivery that knows what the queue is made of. */
@Injectable()
export class MailQueue {
  constructor(@Inject(PG_POOL) private readonly pool: Pool) {}

  /**
   * Letters of a state, the newest first.
   * @param limit most rows
   * @param after the last row of the page before, its id a uuid
   */
  async list(state: MailState, limit: number, after?: KeysetPosition): Promise<QueuedMail[]> {
    await this.takeOrders();
    const { rows } = await this.pool.query<QueuedMail>(
      // A position tells milliseconds, the table microseconds: the row itself says where it stands while it is there.
      `SELECT ${COLUMNS} FROM ${JOBS} j
       WHERE j.name = $1 AND j.state = ANY ($2::${MAIL_QUEUE_SCHEMA}.job_state[])
         AND ($4::uuid IS NULL OR (j.created_on, j.id) <
           (coalesce((SELECT p.created_on FROM ${JOBS} p WHERE p.name = $1 AND p.id = $4), $5::timestamptz), $4::uuid))
       ORDER BY j.created_on DESC, j.id DESC LIMIT $3`,
      [MAIL_QUEUE, STATES[state], limit, after?.id ?? null, after?.at ?? null],
    );
    return rows;
  }

  /** Has a dead letter tried again, once the caller's transaction commits. @returns whether there is such a letter */
  async retry(manager: EntityManager, id: string): Promise<boolean> {
    const [, count] = await manager.query<[unknown, number]>(
      `UPDATE ${JOBS} SET state = 'retry', retry_limit = greatest(retry_limit, retry_count + 1), start_after = now(),
         completed_on = NULL, keep_until = now() + (keep_until - created_on)
       WHERE name = $1 AND id = $2 AND state = ANY ($3::${MAIL_QUEUE_SCHEMA}.job_state[])`,
      [MAIL_QUEUE, id, STATES.dead],
    );
    return count === 1;
  }

  /** How many letters are not delivered, by state. Cheap: it reads an index that holds these letters only. */
  async counts(): Promise<Record<'waiting' | 'dead', number>> {
    await this.takeOrders();
    const { rows } = await this.pool.query<{ state: 'waiting' | 'dead'; count: number }>(
      `SELECT CASE WHEN state = 'failed' THEN 'dead' ELSE 'waiting' END AS state, count(*)::int AS count
       FROM ${JOBS} WHERE name = $1 AND state IN ('created', 'retry', 'active', 'failed') GROUP BY 1`,
      [MAIL_QUEUE],
    );
    return { waiting: 0, dead: 0, ...Object.fromEntries(rows.map(({ state, count }) => [state, count])) };
  }

  /** So that letters are in the queue that were ordered before, even where nobody delivers. */
  private async takeOrders(): Promise<void> {
    while ((await moveOrders(this.pool, ORDERS_AT_ONCE)) === ORDERS_AT_ONCE);
  }
}
