import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength, MinLength, ValidateIf } from 'class-validator';
import { CompletionRequest } from '../dto/completion.request';

export class ExchangeRequest extends CompletionRequest {
  @ApiProperty({ description: 'The code from the fragment of the return address.', maxLength: 200 })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  code: string;

  @ApiPropertyOptional({ description: 'The text that `challenge` was made from, if there was one.', maxLength: 128 })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @MinLength(1)
  @MaxLength(128)
  verifier?: string;
}
