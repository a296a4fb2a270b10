import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength, MinLength } from 'class-validator';
import { CompletionRequest } from '../dto/completion.request';

export class FacebookTokenRequest extends CompletionRequest {
  @ApiProperty({ description: 'The access token that Facebook gave to the mobile client.', maxLength: 4096 })
  @IsString()
  @MinLength(1)
  @MaxLength(4096)
  accessToken: string;
}
