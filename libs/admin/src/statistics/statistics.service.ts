import { Injectable } from '@nestjs/common';
import { ContestCounts, ContestRegistry, NoContest, TimelineReader } from '@tiptop/game';
import { AppConfig, Clock } from '@tiptop/platform';
import type { StatisticsResponse } from './dto/statistics.response';
import type { TimelinePointResponse } from './dto/timeline.response';
import type { TimelineQuery } from './dto/timeline.query';
import { periodOf } from './period';
import { statisticsOf } from './statistics-of';

/** What administrators see of how a contest goes. */
@Injectable()
export class StatisticsService {
  constructor(
    private readonly counts: ContestCounts,
    private readonly timelines: TimelineReader,
    private readonly registry: ContestRegistry,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /**
   * @param contestId the current contest where it is left out
   * @throws NoContest, ContestNotFound
   */
  async of(contestId?: string): Promise<StatisticsResponse> {
    const now = this.clock.now();
    return statisticsOf(await this.counts.of(contestId ?? (await this.currentContest())), now);
  }

  /** @throws NoContest, ContestNotFound, ValidationFailed */
  async timeline({ contestId, ...query }: TimelineQuery): Promise<TimelinePointResponse[]> {
    const period = periodOf(query, this.clock.now(), this.config.timeZone);
    const points = await this.timelines.read(contestId ?? (await this.currentContest()), period, query.interval);
    return points.map(({ at, ...counts }) => ({ at: at.toISOString(), ...counts }));
  }

  private async currentContest(): Promise<string> {
    const current = await this.registry.current();
    if (!current) throw new NoContest();
    return current.contest.id;
  }
}
