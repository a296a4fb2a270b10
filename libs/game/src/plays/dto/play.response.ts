import { ApiProperty } from '@nestjs/swagger';
import { PrizeResponse, toPrizeResponse } from '../../contests/dto/prize.response';
import type { PlayedTicket } from '../plays.service';

class PlayedTicketResponse {
  @ApiProperty({ example: '7KQ2M9XHPA' })
  code: string;

  @ApiProperty({ enum: ['pending'], description: 'Won, and not yet handed over.' })
  status: 'pending';

  @ApiProperty({ format: 'date-time' })
  playedAt: string;

  @ApiProperty({ format: 'date-time', description: 'Until when the prize is handed over.' })
  claimEndsAt: string;
}

/** What a ticket won. */
export class PlayResponse {
  @ApiProperty()
  ticket: PlayedTicketResponse;

  @ApiProperty()
  prize: PrizeResponse;
}

export function toPlayResponse({ code, playedAt, claimEndsAt, prize }: PlayedTicket): PlayResponse {
  return {
    ticket: {
      code,
      status: 'pending',
      playedAt: playedAt.toISOString(),
      claimEndsAt: claimEndsAt.toISOString(),
    },
    prize: toPrizeResponse(prize),
  };
}
