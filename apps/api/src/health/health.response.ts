import { ApiProperty } from '@nestjs/swagger';

const STATUSES = ['ok', 'degraded', 'error'] as const;

/** How the service is. */
export class HealthResponse {
  @ApiProperty({ enum: STATUSES })
  status: (typeof STATUSES)[number];

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: ['up', 'down', 'degraded'] },
    example: { database: 'up', backup: 'up' },
    description: 'Each dependency by name. A backup that is too old, or a trial of one that failed, is degraded.',
  })
  checks: Record<string, string>;
}
