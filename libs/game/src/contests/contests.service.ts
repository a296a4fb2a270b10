import { Injectable } from '@nestjs/common';
import { Clock, isUniqueViolation } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { Contest } from './contest.entity';
import { ContestNotFound, ContestSlugTaken } from './contest.errors';
import { type ContestPreset } from './presets';
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

@Injectable()
export class ContestsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** @throws ContestSlugTaken */
  async create({ preset, slug, startsAt, checkedCodes }: NewContest): Promise<Contest> {
    const now = this.clock.now();
    const start = startsAt ?? now;
    const end = new Date(start.getTime() + preset.playDays * DAY_MS);
    try {
      return await this.dataSource.transaction(async (manager) => {
        const contest = await manager.save(
          manager.create(Contest, {
            slug: slug ?? preset.slug,
            name: preset.name,
            startsAt: start,
            endsAt: end,
            claimEndsAt: new Date(end.getTime() + preset.claimDays * DAY_MS),
            checkedCodes: checkedCodes ?? true,
            createdAt: now,
          }),
        );
        await manager.insert(
          Prize,
          preset.prizes.map((prize, ordinal) => ({ ...prize, ordinal, contestId: contest.id })),
        );
        return contest;
      });
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

  async any(): Promise<boolean> {
    return this.dataSource.manager.exists(Contest);
  }
}
