import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsUUID } from 'class-validator';

/** Of which contest. */
export class StatisticsQuery {
  @ApiPropertyOptional({ format: 'uuid', description: 'The current contest where it is left out.' })
  @IsOptional()
  @IsUUID()
  contestId?: string;
}
