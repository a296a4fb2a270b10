import { Injectable } from '@nestjs/common';
import { Clock, isRealSql, isUniqueViolation, ValidationFailed } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { faultsOfDates } from '../domain/contest-rules';
import { Contest } from './contest.entity';
import { ContestNotFound, ContestSlugTaken } from './contest.errors';
import { type ContestPreset, type PrizePreset } from './presets';
import { Prize } from './prize.entity';

const DAY_MS = 86_400_000;

export interface NewContest {
  preset: ContestPreset;
  slug?: string | undefined;
  /** Now where left out. */
  startsAt?: Date | undefined;
  /** False for print runs that come from elsewhere, without check characters. */
  checkedCodes?: boolean | undefined;
}

/** A contest in all its terms, still without tickets. */
export interface ContestDraft extends Pick<
  Contest,
  'slug' | 'name' | 'startsAt' | 'endsAt' | 'claimEndsAt' | 'checkedCodes'
> {
  /** Drawn by chance where it is left out. */
  id?: string;
  /** In their order. */
  prizes: readonly PrizePreset[];
}

@Injectable()
export class ContestsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /**
   * @param alongside what stands or falls with the contest, in its transaction
   * @throws ContestSlugTaken
   */
  async create(
    { preset, slug, startsAt, checkedCodes }: NewContest,
    alongside: (manager: EntityManager, contest: Contest) => Promise<void> = () => Promise.resolve(),
  ): Promise<Contest> {
    const start = startsAt ?? this.clock.now();
    const end = new Date(start.getTime() + preset.playDays * DAY_MS);
    return this.dataSource.transaction(async (manager) => {
      const contest = await this.add(manager, {
        slug: slug ?? preset.slug,
        name: preset.name,
        startsAt: start,
        endsAt: end,
        claimEndsAt: new Date(end.getTime() + preset.claimDays * DAY_MS),
        checkedCodes: checkedCodes ?? true,
        prizes: preset.prizes,
      });
      await alongside(manager, contest);
      return contest;
    });
  }

  /**
   * Adds a contest within the caller's transaction.
   * @throws ContestSlugTaken, ValidationFailed for dates that contradict each other
   */
  async add(manager: EntityManager, { prizes, ...terms }: ContestDraft): Promise<Contest> {
    const faults = faultsOfDates(terms);
    if (faults.length > 0) throw new ValidationFailed(faults);
    try {
      const contest = await manager.save(manager.create(Contest, { ...terms, createdAt: this.clock.now() }));
      await manager.insert(
        Prize,
        prizes.map((prize, ordinal) => ({ ...prize, ordinal, contestId: contest.id })),
      );
      return contest;
    } catch (error) {
      throw isUniqueViolation(error, 'contests_slug_key') ? new ContestSlugTaken() : error;
    }
  }

  /** @throws ContestNotFound */
  async bySlug(slug: string): Promise<Contest> {
    const contest = await this.dataSource.manager.findOneBy(Contest, { slug });
    if (!contest) throw new ContestNotFound();
    return contest;
  }

  /** Whether there is a contest other than that of smoke journeys. */
  async any(): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(`SELECT FROM contests WHERE ${isRealSql('id')} LIMIT 1`);
    return rows.length > 0;
  }
}
