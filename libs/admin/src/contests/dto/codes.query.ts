import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';

const FORMATS = ['csv'] as const;

export class CodesQuery {
  @ApiPropertyOptional({ enum: FORMATS, default: 'csv' })
  @IsIn(FORMATS)
  format: (typeof FORMATS)[number] = 'csv';
}
