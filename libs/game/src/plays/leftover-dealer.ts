import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { advisoryKey, isUniqueViolation } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { PLAY_LEFTOVER_STATEMENT, type PlayParameters, type PlayRow } from './play-statement';

const TRIES = 40;
const PAUSE_MS = 25;

/**
 * Deals the end of a deck. Once the sequence has passed the last position, what is left are the positions whose plays
 * failed after drawing them; there are exactly as many as tickets still unplayed. They are gathered in deck_leftovers when
 * first needed, and the unique index on the position keeps a play still under way from being dealt twice.
 */
@Injectable()
export class LeftoverDealer {
  constructor(private readonly dataSource: DataSource) {}

  /** @returns undefined where somebody else won the ticket meanwhile */
  async deal(parameters: PlayParameters): Promise<PlayRow | undefined> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.attempt(parameters);
      if (outcome === 'lost') return undefined;
      if (outcome !== 'again') return outcome;
      // Every position left is in the hands of a transaction that has not ended; one of them must give its own back.
      if (attempt === TRIES) throw new Error('No leftover position came free');
      await sleep(PAUSE_MS);
    }
  }

  private async attempt(parameters: PlayParameters): Promise<PlayRow | 'lost' | 'again'> {
    const [code, contestId] = parameters;
    try {
      return await this.dataSource.transaction(async (manager) => {
        const ticket = await manager.query<unknown[]>(
          'SELECT 1 FROM tickets WHERE code = $1 AND player_id IS NULL FOR NO KEY UPDATE',
          [code],
        );
        if (ticket.length === 0) return 'lost';
        const position = (await this.take(manager, contestId)) ?? (await this.gatherAndTake(manager, contestId));
        if (position === undefined) return 'again';
        const rows = await manager.query<PlayRow[]>(PLAY_LEFTOVER_STATEMENT, [...parameters, position]);
        return rows[0] ?? 'lost';
      });
    } catch (error) {
      if (!isUniqueViolation(error, 'tickets_deck_position_key')) throw error;
      await this.dataSource.query(
        `DELETE FROM deck_leftovers l USING tickets t
         WHERE l.contest_id = $1 AND t.contest_id = l.contest_id AND t.deck_position = l.position`,
        [contestId],
      );
      return 'again';
    }
  }

  private async take(manager: EntityManager, contestId: string): Promise<number | undefined> {
    const [rows] = await manager.query<[{ position: number }[], number]>(
      `DELETE FROM deck_leftovers WHERE contest_id = $1 AND position = (
         SELECT position FROM deck_leftovers WHERE contest_id = $1 ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING position`,
      [contestId],
    );
    return rows[0]?.position;
  }

  private async gatherAndTake(manager: EntityManager, contestId: string): Promise<number | undefined> {
    // One at a time: the others find what the first one gathered.
    await manager.query('SELECT pg_advisory_xact_lock($1::bigint)', [advisoryKey(`leftovers ${contestId}`)]);
    const gathered = await this.take(manager, contestId);
    if (gathered !== undefined) return gathered;
    await manager.query(
      `INSERT INTO deck_leftovers (contest_id, position)
       SELECT d.contest_id, n FROM decks d CROSS JOIN generate_series(1, d.size) n
       WHERE d.contest_id = $1
         AND NOT EXISTS (SELECT 1 FROM tickets t WHERE t.contest_id = d.contest_id AND t.deck_position = n)
       ON CONFLICT DO NOTHING`,
      [contestId],
    );
    return this.take(manager, contestId);
  }
}
