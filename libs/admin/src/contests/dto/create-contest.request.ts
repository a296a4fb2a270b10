import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsString,
  Matches,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { InstantField, LabelField } from './contest-fields.decorators';
import { MAX_PRIZES, PrizeRequest } from './prize.request';

const SLUG_LENGTH = 100;

export class CreateContestRequest {
  @ApiProperty({
    example: 'noel-2027',
    maxLength: SLUG_LENGTH,
    pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
    description: 'By which the command line names the contest; final.',
  })
  @IsString()
  @MaxLength(SLUG_LENGTH)
  @Matches(/^[a-z0-9]+(-[a-z0-9]+)*$/)
  slug: string;

  @LabelField('Jeu-concours Thé Tip Top', { max: 200 })
  name: string;

  @InstantField('From when tickets are handed out and played.')
  startsAt: string;

  @InstantField('Until when tickets are handed out.')
  endsAt: string;

  @InstantField('Until when tickets are played and prizes handed over.')
  claimEndsAt: string;

  @ApiProperty({
    type: [PrizeRequest],
    minItems: 1,
    maxItems: MAX_PRIZES,
    description: 'In the order of their display.',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_PRIZES)
  @ValidateNested({ each: true })
  @Type(() => PrizeRequest)
  prizes: PrizeRequest[];

  @ApiPropertyOptional({
    default: true,
    description: 'Whether codes end in a check character. False where they are imported from elsewhere without one.',
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  checkedCodes?: boolean;
}
