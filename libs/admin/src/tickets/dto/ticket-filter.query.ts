import { ApiPropertyOptional } from '@nestjs/swagger';
import { FreeText, TICKET_STATUSES, type TicketStatus } from '@tiptop/game';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { PeriodField } from './moment.decorator';

export const PERIODS = ['played', 'claimed'] as const;

/** Which tickets are meant; all of them where nothing is said. */
export class TicketFilterQuery {
  @ApiPropertyOptional({ enum: TICKET_STATUSES })
  @IsOptional()
  @IsIn(TICKET_STATUSES)
  status?: TicketStatus;

  @PeriodField('From then on: an instant, or a day in the contest’s time zone.')
  from?: string;

  @PeriodField('Before that instant, or until the end of that day in the contest’s time zone.')
  to?: string;

  @ApiPropertyOptional({
    enum: PERIODS,
    description: 'Whether from and to are about the play (the default) or the hand-over; only such tickets are listed.',
  })
  @IsOptional()
  @IsIn(PERIODS)
  period?: (typeof PERIODS)[number];

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  prizeId?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  playerId?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Where the prize was handed over.' })
  @IsOptional()
  @IsUUID()
  storeId?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  contestId?: string;

  @ApiPropertyOptional({
    description:
      'A code or its beginning, or parts of the player’s name or e-mail address; one or two characters by themselves are ' +
      'looked for at the beginning of a name, a part of one with a hyphen, or the e-mail address.',
    maxLength: 200,
  })
  @IsOptional()
  @FreeText({ max: 200 })
  search?: string;
}
