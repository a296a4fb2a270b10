import { Injectable } from '@nestjs/common';
import {
  ContestCounts,
  type CountsOfContest,
  type StatementReader,
  type TimelineInterval,
  type TimelinePoint,
  TimelineReader,
} from '@tiptop/game';
import { Clock } from '@tiptop/platform';
import type { StatisticsResponse } from '../../statistics/dto/statistics.response';
import { statisticsOf } from '../../statistics/statistics-of';

/** All that the report tells of a contest, at one moment. */
export interface ReportFacts {
  now: Date;
  counts: CountsOfContest;
  /** What GET /v1/admin/stats tells. */
  statistics: StatisticsResponse;
  /** What GET /v1/admin/stats/timeline tells of the contest from its beginning to its end. */
  timeline: Readonly<Record<TimelineInterval, readonly TimelinePoint[]>>;
}

@Injectable()
export class ReportReader {
  constructor(
    private readonly counts: ContestCounts,
    private readonly timelines: TimelineReader,
    private readonly clock: Clock,
  ) {}

  /**
   * @param snapshot a transaction all of whose answers are of one moment
   * @throws ContestNotFound
   */
  async read(contestId: string, snapshot: StatementReader): Promise<ReportFacts> {
    const now = this.clock.now();
    const counts = await this.counts.of(contestId, snapshot);
    const span = await this.timelines.spanOf(contestId, snapshot);
    const day = await this.timelines.read(contestId, span, 'day', snapshot);
    const hour = await this.timelines.read(contestId, span, 'hour', snapshot);
    return { now, counts, statistics: statisticsOf(counts, now), timeline: { day, hour } };
  }
}
