import { ApiPropertyOptional } from '@nestjs/swagger';
import { MAIL_STATES, type MailState, PageQuery } from '@tiptop/platform';
import { IsIn } from 'class-validator';

export class MailsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: MAIL_STATES, default: 'dead' })
  @IsIn(MAIL_STATES)
  state: MailState = 'dead';
}
