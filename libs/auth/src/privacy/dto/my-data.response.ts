import { ApiProperty } from '@nestjs/swagger';
import { MAIL_STATES, type MailState } from '@tiptop/platform';
import { MAIL_TOKEN_PURPOSES, type MailTokenPurpose } from '../../mail-tokens/mail-token.entity';
import type { SessionEnd } from '../../sessions/session.entity';
import { type Provider, PROVIDERS } from '../../social/provider';
import type { ConsentKind } from '../../users/consent.entity';
import { UserResponse } from '../../users/user.response';

export class AccountDataResponse extends UserResponse {
  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  emailVerifiedAt: string | null;

  @ApiProperty({ description: 'Whether a password is kept; only a hash of it is.' })
  hasPassword: boolean;

  @ApiProperty({ format: 'date-time', description: 'The last sign-in, or its last prolongation.' })
  lastActiveAt: string;

  @ApiProperty({ format: 'date-time', description: 'The last change of the profile.' })
  updatedAt: string;
}

/** One decision: what, which version of it, given or taken back, and when. */
export class ConsentDataResponse {
  @ApiProperty({ enum: ['terms', 'newsletter'] })
  kind: ConsentKind;

  @ApiProperty()
  version: string;

  @ApiProperty()
  granted: boolean;

  @ApiProperty({ format: 'date-time' })
  givenAt: string;
}

/** Me as Google or Facebook knows me. */
export class IdentityDataResponse {
  @ApiProperty({ enum: PROVIDERS })
  provider: Provider;

  @ApiProperty({ description: 'My identifier there.' })
  subject: string;

  @ApiProperty({ format: 'date-time' })
  linkedAt: string;

  @ApiProperty({ format: 'date-time' })
  lastUsedAt: string;
}

/** A sign-in on one device, over or not. */
export class SessionDataResponse {
  @ApiProperty()
  id: string;

  @ApiProperty({ type: String, nullable: true })
  device: string | null;

  @ApiProperty({ type: String, nullable: true })
  userAgent: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;

  @ApiProperty({ format: 'date-time' })
  lastUsedAt: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt: string;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  secondFactorAt: string | null;

  @ApiProperty({ format: 'date-time', type: String, nullable: true, description: 'Null where it was not ended.' })
  endedAt: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'logout' })
  endedBecause: SessionEnd | null;
}

export class SecondFactorDataResponse {
  @ApiProperty()
  enabled: boolean;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  since: string | null;

  @ApiProperty({ type: 'integer' })
  recoveryCodesLeft: number;
}

/** A link in a letter by which I proved, or can prove, that I read my letters. */
export class MailLinkDataResponse {
  @ApiProperty({ enum: MAIL_TOKEN_PURPOSES })
  purpose: MailTokenPurpose;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt: string;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  usedAt: string | null;
}

export class LetterDataResponse {
  @ApiProperty({ example: 'prize-won' })
  kind: string;

  @ApiProperty({ enum: MAIL_STATES })
  state: MailState;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;
}

/** Everything that is held about me. */
export class MyDataResponse {
  @ApiProperty({ format: 'date-time', description: 'When this document was made.' })
  madeAt: string;

  @ApiProperty()
  account: AccountDataResponse;

  @ApiProperty({ type: [ConsentDataResponse], description: 'Every decision, the oldest first.' })
  consents: ConsentDataResponse[];

  @ApiProperty({ type: [IdentityDataResponse] })
  identities: IdentityDataResponse[];

  @ApiProperty({ type: [SessionDataResponse], description: 'The newest first.' })
  sessions: SessionDataResponse[];

  @ApiProperty()
  secondFactor: SecondFactorDataResponse;

  @ApiProperty({ type: [MailLinkDataResponse] })
  mailLinks: MailLinkDataResponse[];

  @ApiProperty({ type: [LetterDataResponse], description: 'Those to me of the last weeks; their texts are not kept.' })
  letters: LetterDataResponse[];

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description:
      'What else is held, by its name: the `tickets` I played, the `participations` I am counted in, the `reminders` sent to me, and what I did as staff.',
  })
  records: Record<string, unknown>;
}
