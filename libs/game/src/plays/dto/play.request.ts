import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

export class PlayBody {
  @ApiProperty({
    description: 'Ten letters or digits, in either case; spaces and hyphens are passed over.',
    example: '7KQ2M-9XHPA',
    maxLength: 100,
  })
  // The lowest is checked first, and only the first fault is told.
  @MaxLength(100)
  @IsString()
  code: string;
}
