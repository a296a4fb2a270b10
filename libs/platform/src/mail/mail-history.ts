import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { MailState } from './mail-queue';

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
      `SELECT kind, created_at AS "createdAt",
         CASE WHEN state = 'completed' THEN 'delivered' WHEN state IN ('failed', 'cancelled') THEN 'dead'
           ELSE 'waiting' END AS state
       FROM letters WHERE user_id = $1 ORDER BY created_at, id`,
      [userId],
    );
  }
}
