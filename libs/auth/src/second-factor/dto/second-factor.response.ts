import { ApiProperty } from '@nestjs/swagger';
import { RECOVERY_CODE_COUNT } from '../recovery-codes';
import type { SecondFactorState } from '../second-factor.service';

/** How my account stands with its second factor. */
export class SecondFactorResponse {
  @ApiProperty()
  enabled: boolean;

  @ApiProperty({ description: 'Whether my role may not do without.' })
  required: boolean;

  @ApiProperty({ type: 'integer', minimum: 0, maximum: RECOVERY_CODE_COUNT })
  recoveryCodesLeft: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  since: string | null;
}

/** What an authenticator needs; shown this once. */
export class SecondFactorSetUpResponse {
  @ApiProperty({ description: 'To be typed into the authenticator.', example: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' })
  secret: string;

  @ApiProperty({ description: 'The same for a QR code.', example: 'otpauth://totp/The:camille%40example.fr?secret=…' })
  otpauthUri: string;
}

/** Codes to sign in with, each once, when the authenticator is lost; shown this once. */
export class RecoveryCodesResponse {
  @ApiProperty({ type: [String], example: ['7KQ2-M9XH-PA3D-0RWT'] })
  recoveryCodes: string[];
}

export function toSecondFactorResponse({ since, ...state }: SecondFactorState): SecondFactorResponse {
  return { ...state, since: since?.toISOString() ?? null };
}
