import { ApiProperty } from '@nestjs/swagger';
import { MAIL_STATES, type MailState } from '@tiptop/platform';

/** A letter as the queue knows it: what it says is written only when it leaves. */
export class MailItemResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'prize-won' })
  kind: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'To whom it is addressed.' })
  userId: string | null;

  @ApiProperty({ enum: MAIL_STATES })
  state: MailState;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;

  @ApiProperty({ type: 'integer', description: 'How often it was tried.' })
  tries: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the last try failed, without the address.',
    example: "Can't send mail - all recipients were rejected: 550 5.1.1 <[redacted]>: no such user",
  })
  lastError: string | null;
}

export class MailListResponse {
  @ApiProperty({ type: [MailItemResponse] })
  items: MailItemResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
