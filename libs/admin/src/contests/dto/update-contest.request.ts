import { ApiPropertyOptional, PartialType, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, ValidateIf, ValidateNested } from 'class-validator';
import { CreateContestRequest } from './create-contest.request';
import { MAX_PRIZES, PrizeChangeRequest } from './prize.request';

class ContestTermsFields extends PickType(CreateContestRequest, ['name', 'startsAt', 'endsAt', 'claimEndsAt']) {}

/** What is left out stays as it is. */
export class UpdateContestRequest extends PartialType(ContestTermsFields, { skipNullProperties: false }) {
  @ApiPropertyOptional({
    type: [PrizeChangeRequest],
    minItems: 1,
    maxItems: MAX_PRIZES,
    description: 'All prizes in their order; one that is not in the list is taken out.',
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_PRIZES)
  @ValidateNested({ each: true })
  @Type(() => PrizeChangeRequest)
  prizes?: PrizeChangeRequest[];
}
