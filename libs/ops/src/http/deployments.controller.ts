import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { Endpoint } from '@tiptop/auth';
import { DeploymentBrowsingService } from './deployment-browsing.service';
import { DeploymentDetailResponse, DeploymentListResponse } from './dto/deployment.response';
import { DeploymentsQuery } from './dto/deployments.query';

@ApiTags('Operations')
@Controller('ops/deployments')
export class DeploymentsController {
  constructor(private readonly deployments: DeploymentBrowsingService) {}

  @Get()
  @Endpoint({
    access: ['admin'],
    summary: 'Deployments and rollbacks as they were tried, the newest first',
    description: 'Those that failed, and one that is under way, as well.',
    status: 200,
    answer: DeploymentListResponse,
  })
  async list(@Query() query: DeploymentsQuery): Promise<DeploymentListResponse> {
    return this.deployments.list(query);
  }

  @Get(':id')
  @ApiParam({ name: 'id', description: 'Of the deployment.', format: 'uuid' })
  @Endpoint({
    access: ['admin'],
    summary: 'A deployment: who, what, when, its steps, and how it ended',
    status: 200,
    answer: DeploymentDetailResponse,
    errors: ['DEPLOYMENT_NOT_FOUND'],
  })
  async get(@Param('id') id: string): Promise<DeploymentDetailResponse> {
    return this.deployments.get(id);
  }
}
