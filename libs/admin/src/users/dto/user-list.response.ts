import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { UserResponse } from '@tiptop/auth';

/** An account as administrators see it. */
export class AdminUserResponse extends UserResponse {
  @ApiProperty({ format: 'date-time', description: 'The last sign-in, or its last prolongation.' })
  lastActiveAt: string;

  @ApiProperty({ description: 'Whether a member of staff was invited and has not chosen a password yet.' })
  invitationPending: boolean;
}

export class UserListResponse {
  @ApiProperty({ type: [AdminUserResponse] })
  items: AdminUserResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;

  @ApiPropertyOptional({
    type: 'integer',
    description: 'How many there are in all: on the first page, where that is quick to tell.',
  })
  total?: number;
}
