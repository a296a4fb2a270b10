import { ApiPropertyOptional } from '@nestjs/swagger';
import { PageQuery } from '@tiptop/platform';
import { IsIn, IsOptional } from 'class-validator';
import { FreeText } from './free-text.decorator';

const LISTED = ['pending', 'claimed'] as const;

export class ClaimsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: LISTED, default: 'pending' })
  @IsIn(LISTED)
  status: (typeof LISTED)[number] = 'pending';

  @ApiPropertyOptional({ description: 'A ticket’s code, or parts of a name or e-mail address.', maxLength: 200 })
  @IsOptional()
  @FreeText({ max: 200 })
  search?: string;
}
