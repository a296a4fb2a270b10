import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { MailState } from './mail-queue';
import { MAIL_QUEUE, MAIL_QUEUE_SCHEMA } from './mail-queue-schema';

/** A letter as a person is told of it. `delivered` also stands for one that had become pointless when its turn came. */
export interface Letter {
  kind: string;
  state: MailState;
  createdAt: Date;
}

/** Which letters about a person the queue still knows of: those that wait, and the others for some weeks. */
@Injectable()
export class MailHistory {
  /** The oldest first. */
  async of(userId: string, manager: EntityManager): Promise<Letter[]> {
    return manager.query<Letter[]>(
      `SELECT data->>'kind' AS kind, created_on AS "createdAt",
         CASE WHEN state = 'completed' THEN 'delivered' WHEN state > 'completed' THEN 'dead' ELSE 'waiting' END AS state
       FROM ${MAIL_QUEUE_SCHEMA}.job WHERE name = $1 AND data->>'userId' = $2
       ORDER BY created_on, id`,
      [MAIL_QUEUE, userId],
    );
  }
}
