import { ApiProperty } from '@nestjs/swagger';
import { TICKET_STATUSES, type TicketStatus } from '../../domain/ticket-status';

/** A member of staff, by name. */
export class StaffResponse {
  @ApiProperty()
  id: string;

  @ApiProperty({ example: 'Alix' })
  firstName: string;

  @ApiProperty({ example: 'Bernard' })
  lastName: string;
}

/** A ticket as staff see it. */
export class ClaimTicketResponse {
  @ApiProperty({ example: '7KQ2M9XHPA' })
  code: string;

  @ApiProperty({ enum: TICKET_STATUSES })
  status: TicketStatus;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  playedAt: string | null;

  @ApiProperty({ format: 'date-time', description: 'Until when the prize is handed over.' })
  claimEndsAt: string;

  @ApiProperty({ description: 'The prize was not fetched in time.' })
  expired: boolean;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  claimedAt: string | null;

  @ApiProperty({ type: StaffResponse, nullable: true, description: 'Who handed the prize over.' })
  claimedBy: StaffResponse | null;

  @ApiProperty({ type: String, nullable: true, description: 'In which shop.' })
  storeId: string | null;
}
