import { Injectable } from '@nestjs/common';
import { AdvisoryLock, AppConfig } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { FOLDING_LOCK } from './counter-sql';
import { COMPARISONS, REBUILD } from './full-count';

/** Most differences that are told; there may be one for each participant. */
const SHOWN = 100;

/** One counter that says something else than a full count. What it does not have is left out. */
export interface CounterDifference {
  /** `printed`, `played`, `claimed`, `registered`; `participant` for one person, `participants` for those alike. */
  counter: string;
  /** Slug; null where it belongs to no contest. */
  contest: string | null;
  prizeId?: string | null;
  storeId?: string | null;
  /** Begin of a quarter of an hour. */
  quarterHour?: Date;
  playerId?: string;
  gender?: string | null;
  age?: number | null;
  counted: number;
  actual: number;
}

export interface CounterReport {
  holds: boolean;
  /** How many there are; the list holds the first hundred. */
  different: number;
  differences: CounterDifference[];
}

type DifferenceRow = Omit<CounterDifference, 'contest'> & { contest_id: string | null };

/** Proves the counters equal to a full count, or makes them so. Plays go on meanwhile, and wait for nothing. */
@Injectable()
export class CounterVerification {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AppConfig,
  ) {}

  /** @param contestId undefined for all contests, and registrations with them */
  async verify(contestId?: string): Promise<CounterReport> {
    return this.inOneSnapshot((manager) => this.compare(manager, contestId));
  }

  /**
   * Counts everything anew. Changes that the snapshot does not see come on top, as ever.
   * @returns what was wrong
   */
  async repair(contestId?: string): Promise<CounterReport> {
    const { databaseUrl, timeZone } = this.config;
    if (databaseUrl === undefined) throw new Error('DATABASE_URL must be resolved before the modules are wired.');
    // Held before the snapshot is taken: nobody may sum up what the snapshot still sees.
    const lock = await AdvisoryLock.acquire(databaseUrl, FOLDING_LOCK);
    try {
      return await this.inOneSnapshot(async (manager) => {
        const found = await this.compare(manager, contestId);
        for (const { sql, timeZone: usesZone } of REBUILD) {
          await manager.query(sql, usesZone ? [contestId ?? null, timeZone] : [contestId ?? null]);
        }
        return found;
      });
    } finally {
      await lock.release();
    }
  }

  private async inOneSnapshot<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      await manager.query('SET LOCAL statement_timeout = 0');
      return work(manager);
    });
  }

  private async compare(manager: EntityManager, contestId: string | undefined): Promise<CounterReport> {
    const rows: DifferenceRow[] = [];
    for (const sql of COMPARISONS) rows.push(...(await manager.query<DifferenceRow[]>(sql, [contestId ?? null])));
    const contests = await manager.query<{ id: string; slug: string }[]>('SELECT id, slug FROM contests');
    const slugs = new Map(contests.map(({ id, slug }) => [id, slug]));
    const differences = rows.slice(0, SHOWN).map(({ counter, contest_id: contest, ...rest }) => ({
      counter,
      contest: contest === null ? null : (slugs.get(contest) ?? contest),
      ...rest,
    }));
    return { holds: rows.length === 0, different: rows.length, differences };
  }
}
