import { ApiProperty, PickType } from '@nestjs/swagger';
import { PrizeResponse } from '../../contests/dto/prize.response';
import { TICKET_STATUSES, type TicketStatus } from '../../domain/ticket-status';

class ClaimPrizeResponse extends PickType(PrizeResponse, ['id', 'name']) {}

class PlayerNameResponse {
  @ApiProperty({ example: 'Camille' })
  firstName: string;

  @ApiProperty({ example: 'Martin' })
  lastName: string;
}

/** A ticket in the employee's list. */
export class ClaimItemResponse {
  @ApiProperty({ example: '7KQ2M9XHPA' })
  code: string;

  @ApiProperty({ enum: TICKET_STATUSES })
  status: TicketStatus;

  @ApiProperty({ format: 'date-time' })
  playedAt: string;

  @ApiProperty({ description: 'The prize was not fetched in time.' })
  expired: boolean;

  @ApiProperty()
  prize: ClaimPrizeResponse;

  @ApiProperty()
  player: PlayerNameResponse;
}

export class ClaimListResponse {
  @ApiProperty({ type: [ClaimItemResponse] })
  items: ClaimItemResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
