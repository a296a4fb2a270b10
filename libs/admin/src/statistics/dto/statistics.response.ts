import { ApiProperty } from '@nestjs/swagger';

const COUNT = { type: 'integer' } as const;

class ContestNameResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'the-tip-top' })
  slug: string;
}

class TicketCountsResponse {
  @ApiProperty(COUNT)
  total: number;

  @ApiProperty({ ...COUNT, description: 'Not played.' })
  unclaimed: number;

  @ApiProperty({ ...COUNT, description: 'Played, the prize not handed over.' })
  pending: number;

  @ApiProperty({ ...COUNT, description: 'The prize handed over.' })
  claimed: number;
}

class ParticipationsResponse {
  @ApiProperty({ ...COUNT, description: 'Tickets played.' })
  total: number;

  @ApiProperty({ ...COUNT, description: 'Of these, on the present day of the contest’s time zone.' })
  today: number;
}

class PrizeStatisticsResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Infuseur à thé' })
  name: string;

  @ApiProperty({ ...COUNT, description: 'How many of all tickets win it.' })
  total: number;

  @ApiProperty({ ...COUNT, description: 'Of these, played.' })
  won: number;

  @ApiProperty({ ...COUNT, description: 'Won and not handed over.' })
  pending: number;

  @ApiProperty(COUNT)
  claimed: number;

  @ApiProperty({ ...COUNT, description: 'Still to be won.' })
  remaining: number;

  @ApiProperty({ description: 'Part of all tickets that win it, 0 to 1.', example: 0.6 })
  share: number;
}

class ConversionResponse {
  @ApiProperty({ description: 'Played of printed, 0 to 1; 0 where nothing is printed.', example: 0.42 })
  playedRate: number;

  @ApiProperty({ description: 'Handed over of played, 0 to 1; 0 where nothing is played.', example: 0.9 })
  claimedRate: number;
}

export class FunnelResponse {
  @ApiProperty(COUNT)
  printed: number;

  @ApiProperty(COUNT)
  played: number;

  @ApiProperty(COUNT)
  claimed: number;

  @ApiProperty({ ...COUNT, description: 'Played, and not fetched in time; 0 until claimEndsAt.' })
  expired: number;
}

export class GenderResponse {
  @ApiProperty(COUNT)
  female: number;

  @ApiProperty(COUNT)
  male: number;

  @ApiProperty(COUNT)
  other: number;

  @ApiProperty({ ...COUNT, description: 'Not stated.' })
  unknown: number;
}

export class AgeResponse {
  @ApiProperty({ ...COUNT, description: 'Nobody, unless the minimum age is set lower.' })
  '0-17': number;

  @ApiProperty(COUNT)
  '18-24': number;

  @ApiProperty(COUNT)
  '25-34': number;

  @ApiProperty(COUNT)
  '35-44': number;

  @ApiProperty(COUNT)
  '45-54': number;

  @ApiProperty(COUNT)
  '55-64': number;

  @ApiProperty(COUNT)
  '65+': number;

  @ApiProperty({ ...COUNT, description: 'Not stated: accounts that an operator made.' })
  unknown: number;
}

class DemographicsResponse {
  @ApiProperty({ description: 'Participants by gender, as they stated it when they first played.' })
  gender: GenderResponse;

  @ApiProperty({ description: 'Participants by age at their first play.' })
  age: AgeResponse;
}

class StoreStatisticsResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ ...COUNT, description: 'Prizes handed over there.' })
  claimed: number;
}

/** How a contest stands, all of it at one moment. */
export class StatisticsResponse {
  @ApiProperty()
  contest: ContestNameResponse;

  @ApiProperty()
  tickets: TicketCountsResponse;

  @ApiProperty({ ...COUNT, description: 'People who have played at least one ticket.' })
  participants: number;

  @ApiProperty()
  participations: ParticipationsResponse;

  @ApiProperty({ type: [PrizeStatisticsResponse] })
  prizes: PrizeStatisticsResponse[];

  @ApiProperty()
  conversion: ConversionResponse;

  @ApiProperty()
  demographics: DemographicsResponse;

  @ApiProperty()
  funnel: FunnelResponse;

  @ApiProperty({
    type: [StoreStatisticsResponse],
    description: 'Open shops, and closed ones where prizes were handed over; hand-overs without a shop are not in it.',
  })
  stores: StoreStatisticsResponse[];
}
