import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalData, type PersonalDataHolder } from '@tiptop/auth';
import { Clock } from '@tiptop/platform';
import type { EntityManager } from 'typeorm';

/** The tickets that a person played, and what staff did and wrote about them. */
@Injectable()
export class TicketRecords implements PersonalDataHolder, OnModuleInit {
  readonly name = 'tickets';
  readonly tables = ['claim_events'];

  constructor(
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.personalData.register(this);
  }

  /** The oldest play first. Who of the staff acted is not the person's to know, but for what was written about them. */
  async collect(playerId: string, manager: EntityManager): Promise<object[]> {
    const rows = await manager.query<{ record: object }[]>(
      `SELECT json_build_object('code', t.code, 'contest', c.name, 'status', t.status,
         'prize', json_build_object('name', p.name, 'valueCents', p.value_cents, 'currency', p.currency),
         'playedAt', ${iso('t.played_at')}, 'claimEndsAt', ${iso('c.claim_ends_at')},
         'claimedAt', ${iso('t.claimed_at')}, 'store', s.name, 'playKey', t.play_key,
         'history', coalesce((
           SELECT json_agg(json_build_object('kind', e.kind, 'at', ${iso('e.at')}, 'reason', e.reason, 'note', e.note)
             ORDER BY e.id)
           FROM claim_events e WHERE e.ticket_code = t.code), '[]')) AS record
       FROM tickets t JOIN contests c ON c.id = t.contest_id JOIN prizes p ON p.id = t.prize_id
         LEFT JOIN stores s ON s.id = t.store_id
       WHERE t.player_id = $1 ORDER BY t.played_at, t.code`,
      [playerId],
    );
    return rows.map(({ record }) => record);
  }

  /** What was written about the person goes; that and when they played, won and were handed a prize stays. */
  async erase(playerId: string, manager: EntityManager): Promise<void> {
    // An act of staff holds its ticket's lock: one under way is waited for, and its words go as well.
    await manager.query('SELECT FROM tickets WHERE player_id = $1 ORDER BY code FOR NO KEY UPDATE', [playerId]);
    // The client chose its text.
    await manager.query('UPDATE tickets SET play_key = NULL WHERE player_id = $1 AND play_key IS NOT NULL', [playerId]);
    await manager.query(
      `UPDATE claim_events SET note = NULL, reason = CASE kind WHEN 'undone' THEN 'ERASED' ELSE reason END
       WHERE ticket_code IN (SELECT code FROM tickets WHERE player_id = $1) AND (note IS NOT NULL OR kind = 'undone')`,
      [playerId],
    );
  }

  /** A prize can only be handed to somebody whose name is known. */
  async mustKeep(playerId: string, manager: EntityManager): Promise<string | undefined> {
    const waiting = await manager.query<unknown[]>(
      `SELECT FROM tickets t JOIN contests c ON c.id = t.contest_id
       WHERE t.player_id = $1 AND t.status = 'pending' AND $2 < c.claim_ends_at LIMIT 1`,
      [playerId, this.clock.now()],
    );
    return waiting.length > 0 ? 'PRIZE_WAITING' : undefined;
  }
}

/** SQL of a time as JSON has it everywhere else in the API. */
function iso(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
