import { ApiProperty } from '@nestjs/swagger';
import type { LoadedContest } from '../contest-registry';
import { PrizeResponse, toPrizeResponse } from './prize.response';

class PrizeShareResponse extends PrizeResponse {
  @ApiProperty({ description: 'Part of all tickets that win this prize, 0 to 1.', example: 0.6 })
  share: number;
}

class FairnessResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'SHA-256 of seed and deck in hexadecimal, fixed before the first play. Null until tickets exist.',
  })
  commitment: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'How the deck was made and committed to.' })
  algorithm: string | null;
}

/** A contest as everybody may see it. */
export class ContestResponse {
  @ApiProperty()
  id: string;

  @ApiProperty({ example: 'the-tip-top' })
  slug: string;

  @ApiProperty({ example: 'Jeu-concours Thé Tip Top' })
  name: string;

  @ApiProperty({ format: 'date-time' })
  startsAt: string;

  @ApiProperty({ format: 'date-time', description: 'Until when tickets are handed out.' })
  endsAt: string;

  @ApiProperty({ format: 'date-time', description: 'Until when tickets are played and prizes handed over.' })
  claimEndsAt: string;

  @ApiProperty({ type: [PrizeShareResponse] })
  prizes: PrizeShareResponse[];

  @ApiProperty()
  fairness: FairnessResponse;
}

export function toContestResponse({ contest, prizes, commitment }: LoadedContest): ContestResponse {
  const weights = prizes.reduce((sum, prize) => sum + prize.weight, 0);
  return {
    id: contest.id,
    slug: contest.slug,
    name: contest.name,
    startsAt: contest.startsAt.toISOString(),
    endsAt: contest.endsAt.toISOString(),
    claimEndsAt: contest.claimEndsAt.toISOString(),
    prizes: prizes.map((prize) => Object.assign(toPrizeResponse(prize), { share: prize.weight / weights })),
    fairness: { commitment: commitment?.commitment ?? null, algorithm: commitment?.algorithm ?? null },
  };
}
