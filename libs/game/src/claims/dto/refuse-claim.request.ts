import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, MaxLength, ValidateIf } from 'class-validator';
import { REFUSAL_REASONS, type RefusalReason } from '../claim-event.entity';

export class RefuseClaimRequest {
  @ApiProperty({ enum: REFUSAL_REASONS })
  @IsIn(REFUSAL_REASONS)
  reason: RefusalReason;

  @ApiPropertyOptional({ maxLength: 500 })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @MaxLength(500)
  note?: string;
}
