import { ApiPropertyOptional } from '@nestjs/swagger';
import { TIMELINE_INTERVALS, type TimelineInterval } from '@tiptop/game';
import { IsIn } from 'class-validator';
import { PeriodField } from '../../tickets/dto/moment.decorator';
import { StatisticsQuery } from './statistics.query';

export class TimelineQuery extends StatisticsQuery {
  @PeriodField('An instant, or a day in the contest’s time zone; a day, or 30 days, before `to` where it is left out.')
  from?: string;

  @PeriodField(
    'Before that instant, or until the end of that day in the contest’s time zone; now where it is left out.',
  )
  to?: string;

  @ApiPropertyOptional({ enum: TIMELINE_INTERVALS, default: 'day' })
  @IsIn(TIMELINE_INTERVALS)
  interval: TimelineInterval = 'day';
}
