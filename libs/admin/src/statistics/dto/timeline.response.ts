import { ApiProperty } from '@nestjs/swagger';

/** One hour or day. */
export class TimelinePointResponse {
  @ApiProperty({ format: 'date-time', description: 'When the hour or the day begins in the contest’s time zone.' })
  at: string;

  @ApiProperty({ type: 'integer' })
  participations: number;

  @ApiProperty({ type: 'integer', description: 'Hand-overs that were not undone since, at the time they were made.' })
  claims: number;

  @ApiProperty({ type: 'integer', description: 'New accounts of customers, for whatever contest.' })
  registrations: number;
}
