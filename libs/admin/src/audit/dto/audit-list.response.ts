import { ApiProperty } from '@nestjs/swagger';
import { AUDIT_ROLES, type AuditRole } from '@tiptop/platform';

/** Who acted, by the name that the account has now. */
export class AuditActorResponse {
  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'Null for who has no account.' })
  id: string | null;

  @ApiProperty({
    enum: AUDIT_ROLES,
    description: 'At that time. `operator` worked at the command line, `service` is the service by itself.',
  })
  role: AuditRole;

  @ApiProperty({ type: String, nullable: true, example: 'Alix' })
  firstName: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Bernard' })
  lastName: string | null;
}

export class AuditSubjectResponse {
  @ApiProperty({ example: 'user' })
  type: string;

  @ApiProperty({ example: '3f0c1de2-5a0e-4d2c-9d0b-0f4b8e0f6a11' })
  id: string;
}

/** One thing that somebody did, or was refused. */
export class AuditEntryResponse {
  @ApiProperty({ description: 'Ascending.' })
  id: string;

  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({ example: 'role-changed' })
  action: string;

  @ApiProperty()
  actor: AuditActorResponse;

  @ApiProperty({ type: AuditSubjectResponse, nullable: true, description: 'What was acted on.' })
  subject: AuditSubjectResponse | null;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { from: 'employee', to: 'admin' } })
  details: Record<string, unknown>;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'The network it came from; null outside of a request, for a person who was erased, and after some time.',
    example: '203.0.113.7',
  })
  address: string | null;

  @ApiProperty({ type: String, nullable: true })
  requestId: string | null;
}

export class AuditListResponse {
  @ApiProperty({ type: [AuditEntryResponse] })
  items: AuditEntryResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
