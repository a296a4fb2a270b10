import { Injectable } from '@nestjs/common';
import { Clock, isSmokeSql, smokeId, smokeNumber } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { ContestRegistry } from '../contests/contest-registry';
import { ContestsService } from '../contests/contests.service';
import { PrintRunService } from '../tickets/print-run.service';

/** Tickets of one contest: each journey plays one. */
const PRINT_RUN = 500;
/** With fewer left than this the next contest is made: a deck that is being dealt can't grow. */
const FEW = 20;
/** It is open for so long at most, should nobody close it; longer than the clocks of two machines are apart. */
const OPEN_MS = 3_600_000;
/** Before any contest that customers know, so that an earlier release, too, prefers those. */
const STARTS_AT = new Date('2000-01-01T00:00:00.000Z');
const PRIZE = {
  name: 'Essai de mise en service',
  description: 'Un lot qui n’existe pas',
  valueCents: 0,
  currency: 'EUR',
  weight: 1,
};

interface Standing {
  id: string;
  /** Whether it has its tickets and its deck. */
  sealed: boolean;
  /** Tickets that nobody has played. */
  left: number;
}

/** The contest of smoke journeys and its tickets. Outside of a journey it is over. */
@Injectable()
export class SmokeTickets {
  constructor(
    private readonly dataSource: DataSource,
    private readonly contests: ContestsService,
    private readonly registry: ContestRegistry,
    private readonly printRuns: PrintRunService,
    private readonly clock: Clock,
  ) {}

  /** Opens the contest. @returns a code that nobody has played */
  async open(signal: AbortSignal): Promise<string> {
    const end = this.end();
    const id = await this.contest(end, signal);
    await this.dataSource.query('UPDATE contests SET ends_at = $2, claim_ends_at = $2 WHERE id = $1', [id, end]);
    const [ticket] = await this.dataSource.query<{ code: string }[]>(
      'SELECT code FROM tickets WHERE contest_id = $1 AND player_id IS NULL ORDER BY random() LIMIT 1',
      [id],
    );
    if (!ticket) throw new Error('The contest of smoke journeys has no ticket that is left');
    return ticket.code;
  }

  async close(): Promise<void> {
    await this.dataSource.query(
      `UPDATE contests SET ends_at = $1, claim_ends_at = $1 WHERE ${isSmokeSql('id')} AND claim_ends_at > $1`,
      [this.clock.now()],
    );
  }

  private end(): Date {
    return new Date(this.clock.now().getTime() + OPEN_MS);
  }

  /** The latest one, while it has tickets and our DECK_SECRET opens its deck; else a new one. */
  private async contest(end: Date, signal: AbortSignal): Promise<string> {
    const [latest] = await this.dataSource.query<Standing[]>(
      `SELECT c.id, EXISTS (SELECT FROM decks d WHERE d.contest_id = c.id) AS sealed,
         (SELECT count(*)::int FROM tickets t WHERE t.contest_id = c.id AND t.player_id IS NULL) AS left
       FROM contests c WHERE ${isSmokeSql('c.id')} ORDER BY c.id DESC LIMIT 1`,
    );
    if (latest?.sealed && latest.left >= FEW && (await this.isOpened(latest.id))) return latest.id;
    // One without a deck is what an interrupted preparation left.
    const id = latest && !latest.sealed ? latest.id : await this.add(latest ? smokeNumber(latest.id) + 1 : 1, end);
    await this.printRuns.generate(id, PRINT_RUN, undefined, { signal });
    return id;
  }

  private async isOpened(id: string): Promise<boolean> {
    const contests = await this.registry.reload();
    return contests.some(({ contest, opened }) => contest.id === id && opened !== undefined);
  }

  private async add(number: number, end: Date): Promise<string> {
    const { id } = await this.dataSource.transaction(async (manager) =>
      this.contests.add(manager, {
        id: smokeId(number),
        slug: `smoke-journey-${number}`,
        name: 'Essai de mise en service',
        startsAt: STARTS_AT,
        endsAt: end,
        claimEndsAt: end,
        checkedCodes: true,
        prizes: [PRIZE],
      }),
    );
    return id;
  }
}
