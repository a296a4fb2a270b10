import { ApiPropertyOptional } from '@nestjs/swagger';
import { FreeText } from '@tiptop/game';
import { AUDIT_ACTIONS, type AuditAction, PageQuery } from '@tiptop/platform';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { PeriodField } from '../../tickets/dto/moment.decorator';

export class AuditQuery extends PageQuery {
  @ApiPropertyOptional({ format: 'uuid', description: 'The account that acted.' })
  @IsOptional()
  @IsUUID()
  actor?: string;

  @ApiPropertyOptional({ enum: AUDIT_ACTIONS })
  @IsOptional()
  @IsIn(AUDIT_ACTIONS)
  action?: AuditAction;

  @ApiPropertyOptional({ description: 'What was acted on: an account’s id, a ticket’s code …', maxLength: 200 })
  @IsOptional()
  @FreeText({ max: 200 })
  subject?: string;

  @PeriodField('From then on: an instant, or a day in the contest’s time zone.')
  from?: string;

  @PeriodField('Before that instant, or until the end of that day in the contest’s time zone.')
  to?: string;
}
