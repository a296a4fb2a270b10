import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalData, type PersonalDataHolder } from '@tiptop/auth';
import type { EntityManager } from 'typeorm';
import type { ClaimEventKind } from '../claims/claim-event.entity';

/** What a member of staff did with the tickets of others. */
@Injectable()
export class HandOverRecords implements PersonalDataHolder, OnModuleInit {
  readonly name = 'handOvers';

  constructor(private readonly personalData: PersonalData) {}

  onModuleInit(): void {
    this.personalData.register(this);
  }

  /** How often and when, by kind. Not on which tickets and in which words: that is about the people who played them. */
  async collect(actorId: string, manager: EntityManager): Promise<object[]> {
    const rows = await manager.query<{ kind: ClaimEventKind; count: number; firstAt: Date; lastAt: Date }[]>(
      `SELECT kind, count(*)::int AS count, min(at) AS "firstAt", max(at) AS "lastAt"
       FROM claim_events WHERE actor_id = $1 GROUP BY kind ORDER BY kind`,
      [actorId],
    );
    return rows.map((row) => ({ ...row, firstAt: row.firstAt.toISOString(), lastAt: row.lastAt.toISOString() }));
  }

  /** The record of hand-overs stays true: the account that acted is still named in it, and has no name any more. */
  async erase(): Promise<void> {
    return Promise.resolve();
  }
}
