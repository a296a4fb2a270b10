import { ApiProperty } from '@nestjs/swagger';
import type { Prize } from '../prize.entity';

/** A prize as the person who won it sees it. */
export class PrizeResponse {
  @ApiProperty()
  id: string;

  @ApiProperty({ example: 'Infuseur à thé' })
  name: string;

  @ApiProperty({ example: 'Un infuseur à thé' })
  description: string;

  @ApiProperty({ type: 'integer', description: 'In hundredths of the currency; 0 where no value was announced.' })
  valueCents: number;

  @ApiProperty({ example: 'EUR', description: 'ISO 4217.' })
  currency: string;
}

type PrizeFields = Pick<Prize, 'id' | 'name' | 'description' | 'valueCents' | 'currency'>;

export function toPrizeResponse({ id, name, description, valueCents, currency }: PrizeFields): PrizeResponse {
  return { id, name, description, valueCents, currency };
}
