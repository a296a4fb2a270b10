import { ApiProperty } from '@nestjs/swagger';
import { PrizeResponse } from '../../contests/dto/prize.response';
import { ClaimTicketResponse, StaffResponse } from './claim-ticket.response';

const HISTORY_KINDS = ['played', 'validated', 'refused', 'undone'] as const;

/** Who won, as far as an identity card shows it. */
export class PlayerResponse {
  @ApiProperty({ example: 'Camille' })
  firstName: string;

  @ApiProperty({ example: 'Martin' })
  lastName: string;

  @ApiProperty({ format: 'date', example: '1990-05-17' })
  birthDate: string;

  @ApiProperty({ format: 'idn-email', example: 'camille@example.fr' })
  email: string;
}

/** One thing that happened to a ticket. */
export class ClaimHistoryResponse {
  @ApiProperty({ enum: HISTORY_KINDS })
  kind: (typeof HISTORY_KINDS)[number];

  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({ description: 'The player, or the member of staff.' })
  actor: StaffResponse;

  @ApiProperty({ type: String, nullable: true, description: 'Why refused or undone.' })
  reason: string | null;

  @ApiProperty({ type: String, nullable: true })
  note: string | null;

  @ApiProperty({ type: String, nullable: true })
  storeId: string | null;
}

/** A ticket with everything needed to hand its prize over. */
export class ClaimResponse {
  @ApiProperty()
  ticket: ClaimTicketResponse;

  @ApiProperty({ type: PrizeResponse, nullable: true, description: 'Null until the ticket is played.' })
  prize: PrizeResponse | null;

  @ApiProperty({ type: PlayerResponse, nullable: true, description: 'Null until the ticket is played.' })
  player: PlayerResponse | null;

  @ApiProperty({ type: [ClaimHistoryResponse], description: 'The oldest first.' })
  history: ClaimHistoryResponse[];
}

/** A ticket after an act of staff. */
export class ClaimOutcomeResponse {
  @ApiProperty()
  ticket: ClaimTicketResponse;

  @ApiProperty()
  prize: PrizeResponse;
}
