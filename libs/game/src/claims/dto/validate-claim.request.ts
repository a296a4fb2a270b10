import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsUUID, ValidateIf } from 'class-validator';

export class ValidateClaimRequest {
  // Left out means not checked, which has an error of its own.
  @ApiProperty({ type: Boolean, enum: [true], description: 'The person’s identity document was seen, and it matches.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  identityChecked?: boolean;

  @ApiPropertyOptional({ description: 'The shop where the prize is handed over.', format: 'uuid' })
  @ValidateIf((_, value) => value !== undefined)
  @IsUUID()
  storeId?: string;
}
