import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Endpoint } from '@tiptop/auth';
import { Kpis } from '../kpis/kpis';
import { KpisQuery } from './dto/kpis.query';
import { KpisResponse } from './dto/kpis.response';

@ApiTags('Operations')
@Controller('ops/kpis')
export class KpisController {
  constructor(private readonly kpis: Kpis) {}

  @Get()
  @Endpoint({
    access: ['admin'],
    summary: 'Key figures of operations and their targets',
    description: 'Of this environment, over the last days; what was counted, and since when, is told beside each.',
    status: 200,
    answer: KpisResponse,
  })
  async get(@Query() { days }: KpisQuery): Promise<KpisResponse> {
    return this.kpis.over(days);
  }
}
