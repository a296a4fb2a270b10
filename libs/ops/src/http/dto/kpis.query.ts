import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { DEFAULT_DAYS, MOST_DAYS } from '../../kpis/kpis';

export class KpisQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MOST_DAYS,
    default: DEFAULT_DAYS,
    description: 'Days of 24 hours, up to now.',
  })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MOST_DAYS)
  days: number = DEFAULT_DAYS;
}
