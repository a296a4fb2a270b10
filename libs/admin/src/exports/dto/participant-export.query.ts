import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { FileQuery } from './file.query';

export class ParticipantExportQuery extends FileQuery {
  @ApiPropertyOptional({
    enum: ['true', 'false'],
    default: 'false',
    description: 'Only those who agree to the newsletter now, for mailing to them.',
  })
  @IsIn(['true', 'false'])
  newsletter: 'true' | 'false' = 'false';

  @ApiPropertyOptional({ format: 'uuid', description: 'Only those who played in this contest.' })
  @IsOptional()
  @IsUUID()
  contestId?: string;
}
