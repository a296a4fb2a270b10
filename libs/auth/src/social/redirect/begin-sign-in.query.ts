import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Matches, MaxLength, ValidateIf } from 'class-validator';

export class BeginSignInQuery {
  @ApiPropertyOptional({
    description:
      'Where the browser goes in the end: one of the addresses that are allowed; the first of them if left out.',
    maxLength: 2000,
    example: 'https://www.the-tip-top.example/signed-in',
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @MaxLength(2000)
  returnUrl?: string;

  @ApiPropertyOptional({
    description:
      'SHA-256, in base64url, of a random text that POST /v1/auth/exchange is then to be shown as `verifier`.',
    pattern: '^[A-Za-z0-9_-]{43}$',
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @Matches(/^[A-Za-z0-9_-]{43}$/)
  challenge?: string;
}
