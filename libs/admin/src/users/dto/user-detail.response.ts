import { ApiProperty } from '@nestjs/swagger';
import { TICKET_STATUSES, type TicketStatus } from '@tiptop/game';
import { AuditEntryResponse } from '../../audit/dto/audit-list.response';
import { AdminUserResponse } from './user-list.response';

class UserTicketPrizeResponse {
  @ApiProperty()
  id: string;

  @ApiProperty({ example: 'Infuseur à thé' })
  name: string;
}

class UserTicketResponse {
  @ApiProperty({ example: '7KQ2M9XHPA' })
  code: string;

  @ApiProperty({ enum: TICKET_STATUSES })
  status: TicketStatus;

  @ApiProperty()
  prize: UserTicketPrizeResponse;

  @ApiProperty({ format: 'date-time' })
  playedAt: string;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  claimedAt: string | null;
}

class UserTicketsResponse {
  @ApiProperty({ type: 'integer', description: 'How many they played.' })
  total: number;

  @ApiProperty({ type: [UserTicketResponse], description: 'The latest twenty; /v1/admin/tickets?playerId= lists all.' })
  latest: UserTicketResponse[];
}

class UserSessionResponse {
  @ApiProperty()
  id: string;

  @ApiProperty({ type: String, nullable: true, example: 'Firefox – Linux' })
  device: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;

  @ApiProperty({ format: 'date-time' })
  lastUsedAt: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt: string;
}

class UserConsentResponse {
  @ApiProperty({ enum: ['terms', 'newsletter'] })
  kind: string;

  @ApiProperty()
  version: string;

  @ApiProperty()
  granted: boolean;

  @ApiProperty({ format: 'date-time' })
  givenAt: string;
}

class UserIdentityResponse {
  @ApiProperty({ enum: ['google', 'facebook'] })
  provider: string;

  @ApiProperty({ format: 'date-time' })
  linkedAt: string;

  @ApiProperty({ format: 'date-time' })
  lastUsedAt: string;
}

class UserSecondFactorResponse {
  @ApiProperty()
  enabled: boolean;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  since: string | null;
}

/** An account with all that an administrator needs to answer its owner. */
export class UserDetailResponse extends AdminUserResponse {
  @ApiProperty()
  tickets: UserTicketsResponse;

  @ApiProperty({ type: [UserSessionResponse], description: 'Open ones, the newest first.' })
  sessions: UserSessionResponse[];

  @ApiProperty({ type: [UserConsentResponse], description: 'The newest first.' })
  consents: UserConsentResponse[];

  @ApiProperty({ type: [UserIdentityResponse] })
  identities: UserIdentityResponse[];

  @ApiProperty()
  secondFactor: UserSecondFactorResponse;

  @ApiProperty({
    type: [AuditEntryResponse],
    description: 'What was done with the account, the newest fifty; /v1/admin/audit?subject= lists all.',
  })
  history: AuditEntryResponse[];
}
