import { ApiProperty } from '@nestjs/swagger';

export const CONTEST_PHASES = ['planned', 'open', 'claiming', 'over'] as const;
/** `open` while tickets are handed out, `claiming` while they can still be played and prizes fetched. */
export type ContestPhase = (typeof CONTEST_PHASES)[number];

class AdminPrizeResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Infuseur à thé' })
  name: string;

  @ApiProperty({ example: 'Un infuseur à thé' })
  description: string;

  @ApiProperty({ type: 'integer', description: 'In hundredths of the currency; 0 where no value was announced.' })
  valueCents: number;

  @ApiProperty({ example: 'EUR', description: 'ISO 4217.' })
  currency: string;

  @ApiProperty({ type: 'integer', example: 60 })
  weight: number;

  @ApiProperty({ description: 'Part of all tickets that win this prize, 0 to 1.', example: 0.6 })
  share: number;
}

class ContestTicketsResponse {
  @ApiProperty({ type: 'integer' })
  total: number;

  @ApiProperty({ type: 'integer', description: 'Not played.' })
  unclaimed: number;

  @ApiProperty({ type: 'integer', description: 'Played, the prize not handed over; the expired ones among them.' })
  pending: number;

  @ApiProperty({ type: 'integer' })
  claimed: number;

  @ApiProperty({ type: 'integer', description: 'Prizes that were not fetched in time.' })
  expired: number;
}

class DeckResponse {
  @ApiProperty({ type: 'integer', description: 'Cards: as many as tickets.' })
  size: number;

  @ApiProperty({ description: 'SHA-256 of seed and deck in hexadecimal.' })
  commitment: string;

  @ApiProperty()
  algorithm: string;

  @ApiProperty({ format: 'date-time' })
  sealedAt: string;
}

/** A contest as administrators see it. */
export class AdminContestResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'the-tip-top' })
  slug: string;

  @ApiProperty({ example: 'Jeu-concours Thé Tip Top' })
  name: string;

  @ApiProperty({ enum: CONTEST_PHASES, description: 'By the dates, now.' })
  phase: ContestPhase;

  @ApiProperty({ format: 'date-time' })
  startsAt: string;

  @ApiProperty({ format: 'date-time', description: 'Until when tickets are handed out.' })
  endsAt: string;

  @ApiProperty({ format: 'date-time', description: 'Until when tickets are played and prizes handed over.' })
  claimEndsAt: string;

  @ApiProperty({ description: 'Whether codes end in a check character.' })
  checkedCodes: boolean;

  @ApiProperty({ type: [AdminPrizeResponse] })
  prizes: AdminPrizeResponse[];

  @ApiProperty()
  tickets: ContestTicketsResponse;

  @ApiProperty({ type: DeckResponse, nullable: true, description: 'Null until tickets exist.' })
  deck: DeckResponse | null;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;
}

export class AdminContestListResponse {
  @ApiProperty({ type: [AdminContestResponse] })
  items: AdminContestResponse[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
