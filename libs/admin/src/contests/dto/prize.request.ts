import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { IsInt, IsISO4217CurrencyCode, IsUUID, Matches, Max, Min, ValidateIf } from 'class-validator';
import { LabelField } from './contest-fields.decorators';

export const MAX_PRIZES = 50;
const MAX_VALUE_CENTS = 100_000_000;
const MAX_WEIGHT = 1_000_000;

/** A prize of a new contest. */
export class PrizeRequest {
  @LabelField('Infuseur à thé')
  name: string;

  @LabelField('Un infuseur à thé', { max: 500 })
  description: string;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    maximum: MAX_VALUE_CENTS,
    description: 'In hundredths of the currency; 0 where no value is announced.',
  })
  @IsInt()
  @Min(0)
  @Max(MAX_VALUE_CENTS)
  valueCents: number;

  @ApiProperty({ example: 'EUR', description: 'ISO 4217.' })
  @IsISO4217CurrencyCode()
  @Matches(/^[A-Z]*$/)
  currency: string;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    maximum: MAX_WEIGHT,
    description: 'The prize’s share is its weight over the sum of all weights.',
    example: 60,
  })
  @IsInt()
  @Min(1)
  @Max(MAX_WEIGHT)
  weight: number;
}

/** A prize of the new list: one there is with what changes in it, or a new one with every field but the id. */
export class PrizeChangeRequest extends PartialType(PrizeRequest, { skipNullProperties: false }) {
  @ApiPropertyOptional({ format: 'uuid', description: 'Of a prize there is; left out for a new one.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsUUID()
  id?: string;
}
