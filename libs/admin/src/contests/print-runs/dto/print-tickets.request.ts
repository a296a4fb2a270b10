import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';

/** What a service that serves others meanwhile can make at once; larger contests take several runs, or the command line. */
const MAX_TICKETS = 1_000_000;

export class PrintTicketsRequest {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: MAX_TICKETS, description: 'How many tickets to add.' })
  @IsInt()
  @Min(1)
  @Max(MAX_TICKETS)
  count: number;
}
