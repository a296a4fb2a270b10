import { ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { IsBoolean, ValidateIf } from 'class-validator';
import { LabelField } from '../../contests/dto/contest-fields.decorators';

export class CreateStoreRequest {
  @LabelField('Thé Tip Top Étoile')
  name: string;

  @LabelField('Nice')
  city: string;

  @ApiPropertyOptional({ default: true, description: 'Whether prizes are handed over there.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  isActive?: boolean;
}

/** What is left out stays as it is. */
export class UpdateStoreRequest extends PartialType(CreateStoreRequest, { skipNullProperties: false }) {}
