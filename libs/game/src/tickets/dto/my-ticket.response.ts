import { ApiProperty } from '@nestjs/swagger';
import { PrizeResponse } from '../../contests/dto/prize.response';
import { TICKET_STATUSES, type TicketStatus } from '../../domain/ticket-status';

/** A ticket I won. */
export class MyTicketResponse {
  @ApiProperty({ example: '7KQ2M9XHPA' })
  code: string;

  @ApiProperty({ enum: TICKET_STATUSES })
  status: TicketStatus;

  @ApiProperty({ format: 'date-time' })
  playedAt: string;

  @ApiProperty({ format: 'date-time', description: 'Until when the prize is handed over.' })
  claimEndsAt: string;

  @ApiProperty({ description: 'The prize was not fetched in time.' })
  expired: boolean;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  claimedAt: string | null;

  @ApiProperty()
  prize: PrizeResponse;
}

export class MyTicketsResponse {
  @ApiProperty({ type: [MyTicketResponse] })
  items: MyTicketResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
