import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';

export class ReportQuery {
  @ApiPropertyOptional({ enum: ['xlsx'], default: 'xlsx' })
  @IsIn(['xlsx'])
  format: 'xlsx' = 'xlsx' as const;

  @ApiPropertyOptional({ format: 'uuid', description: 'The current contest unless told otherwise.' })
  @IsOptional()
  @IsUUID()
  contestId?: string;
}
