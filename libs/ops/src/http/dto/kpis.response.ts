import { ApiProperty } from '@nestjs/swagger';
import { type Kpi, KPI_UNITS, type KpiSet, type KpiUnit } from '../../kpis/kpi';

export class KpiResponse implements Kpi {
  @ApiProperty({ type: Number, nullable: true, example: 98.2, description: 'Null where there is nothing to count.' })
  value: number | null;

  @ApiProperty({ enum: KPI_UNITS })
  unit: KpiUnit;

  @ApiProperty({ example: 95 })
  target: number;

  @ApiProperty({ type: Boolean, nullable: true, description: 'Null where there is nothing to judge.' })
  met: boolean | null;

  @ApiProperty({
    example: '57 deployments that are over, 56 of them good, since 2026-10-23T09:00:00.000Z',
    description: 'What was counted, and since when.',
  })
  from: string;
}

export class KpisResponse implements KpiSet {
  @ApiProperty({ type: KpiResponse, description: 'Slowest trial restore; the target is an upper limit.' })
  rto: KpiResponse;

  @ApiProperty({
    type: KpiResponse,
    description: 'Longest time between two verified remote backups, up to now; the target is an upper limit.',
  })
  rpo: KpiResponse;

  @ApiProperty({ type: KpiResponse, description: 'Mean time to recovery; the target is an upper limit.' })
  mttr: KpiResponse;

  @ApiProperty({ type: KpiResponse, description: 'The target is a lower limit.' })
  deployFrequency: KpiResponse;

  @ApiProperty({ type: KpiResponse, description: 'The target is a lower limit, and has to be passed.' })
  deploySuccessRate: KpiResponse;
}
