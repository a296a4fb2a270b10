import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength, MinLength, ValidateIf } from 'class-validator';
import { CompletionRequest } from '../dto/completion.request';

export class GoogleTokenRequest extends CompletionRequest {
  @ApiProperty({ description: 'The ID token that Google gave to the mobile client.', maxLength: 8192 })
  @IsString()
  @MinLength(1)
  @MaxLength(8192)
  idToken: string;

  @ApiPropertyOptional({ description: 'The nonce that the client asked Google for the token with.', maxLength: 255 })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  nonce?: string;
}
