import { ApiProperty } from '@nestjs/swagger';
import { TICKET_STATUSES, type TicketStatus } from '@tiptop/game';

class TicketPrizeResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Infuseur à thé' })
  name: string;
}

class TicketPlayerResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Camille' })
  firstName: string;

  @ApiProperty({ example: 'Martin' })
  lastName: string;

  @ApiProperty({ format: 'idn-email', type: String, nullable: true, description: 'Null once the account is erased.' })
  email: string | null;
}

class TicketEmployeeResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Alix' })
  firstName: string;

  @ApiProperty({ example: 'Bernard' })
  lastName: string;
}

class TicketStoreResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Thé Tip Top Nice' })
  name: string;

  @ApiProperty({ example: 'Nice' })
  city: string;
}

/** A ticket in the administrator's table. */
export class TicketItemResponse {
  @ApiProperty({ example: '7KQ2M9XHPA' })
  code: string;

  @ApiProperty({ enum: TICKET_STATUSES })
  status: TicketStatus;

  @ApiProperty({ type: TicketPrizeResponse, nullable: true, description: 'Null until the ticket is played.' })
  prize: TicketPrizeResponse | null;

  @ApiProperty({ type: TicketPlayerResponse, nullable: true, description: 'Null until the ticket is played.' })
  player: TicketPlayerResponse | null;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  playedAt: string | null;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  claimedAt: string | null;

  @ApiProperty({ type: TicketEmployeeResponse, nullable: true, description: 'Who handed the prize over.' })
  claimedBy: TicketEmployeeResponse | null;

  @ApiProperty({ type: TicketStoreResponse, nullable: true, description: 'Where it was handed over, if known.' })
  store: TicketStoreResponse | null;
}

export class TicketListResponse {
  @ApiProperty({ type: [TicketItemResponse] })
  items: TicketItemResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
