import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, ValidateIf } from 'class-validator';
import { REFUSAL_REASONS, type RefusalReason } from '../claim-event.entity';
import { FreeText } from './free-text.decorator';

export class RefuseClaimRequest {
  @ApiProperty({ enum: REFUSAL_REASONS })
  @IsIn(REFUSAL_REASONS)
  reason: RefusalReason;

  @ApiPropertyOptional({ maxLength: 500 })
  @ValidateIf((_, value) => value !== undefined)
  @FreeText({ max: 500 })
  note?: string;
}
