import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Endpoint } from '@tiptop/auth';
import { RetentionPlanResponse } from './dto/retention-plan.response';
import { RetentionOverviewService } from './retention-overview.service';

@ApiTags('Operations')
@Controller('ops/retention')
export class RetentionController {
  constructor(private readonly retention: RetentionOverviewService) {}

  @Get('plan')
  @Endpoint({
    access: ['admin'],
    summary: 'What pruning would keep and remove, and why',
    description: 'In the places that the answering instance has; see `note`. Nothing is removed.',
    status: 200,
    answer: RetentionPlanResponse,
  })
  async plan(): Promise<RetentionPlanResponse> {
    return this.retention.plan();
  }
}
