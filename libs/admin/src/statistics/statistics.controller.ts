import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Endpoint } from '@tiptop/auth';
import { StatisticsQuery } from './dto/statistics.query';
import { StatisticsResponse } from './dto/statistics.response';
import { TimelineQuery } from './dto/timeline.query';
import { TimelinePointResponse } from './dto/timeline.response';
import { StatisticsService } from './statistics.service';

@ApiTags('Administration')
@Controller('admin/stats')
export class StatisticsController {
  constructor(private readonly statistics: StatisticsService) {}

  @Get()
  @Endpoint({
    access: ['admin'],
    summary: 'How a contest stands',
    description: 'Exact, and all of one moment: the one of asking.',
    status: 200,
    answer: StatisticsResponse,
    errors: ['NO_CONTEST', 'CONTEST_NOT_FOUND'],
  })
  async of(@Query() { contestId }: StatisticsQuery): Promise<StatisticsResponse> {
    return this.statistics.of(contestId);
  }

  @Get('timeline')
  @Endpoint({
    access: ['admin'],
    summary: 'What happened hour by hour or day by day',
    description:
      'Every hour or day of the contest’s time zone that the period touches, as a whole, the empty ones as well; at most ' +
      '62 days by the hour and 1,000 by the day. On the days when the clocks change there are 23 or 25 hours.',
    status: 200,
    answer: [TimelinePointResponse],
    errors: ['NO_CONTEST', 'CONTEST_NOT_FOUND'],
  })
  async timeline(@Query() query: TimelineQuery): Promise<TimelinePointResponse[]> {
    return this.statistics.timeline(query);
  }
}
