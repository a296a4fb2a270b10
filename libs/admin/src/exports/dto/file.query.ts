import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';

const FORMATS = ['csv', 'xlsx'] as const;
const SEPARATORS = ['comma', 'semicolon'] as const;

/** The form of a file. */
export class FileQuery {
  @ApiPropertyOptional({ enum: FORMATS, default: 'csv' })
  @IsIn(FORMATS)
  format: (typeof FORMATS)[number] = 'csv';

  @ApiPropertyOptional({
    enum: SEPARATORS,
    default: 'comma',
    description: 'Of CSV. With semicolon, as French spreadsheets expect, amounts have a decimal comma.',
  })
  @IsIn(SEPARATORS)
  separator: (typeof SEPARATORS)[number] = 'comma';
}
