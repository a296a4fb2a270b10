import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Endpoint } from '@tiptop/auth';
import { AuditService } from './audit.service';
import { AuditListResponse } from './dto/audit-list.response';
import { AuditQuery } from './dto/audit.query';

@ApiTags('Administration')
@Controller('admin/audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @Endpoint({
    access: ['admin'],
    summary: 'Who did what, when, and from where; the newest first',
    status: 200,
    answer: AuditListResponse,
  })
  async list(@Query() query: AuditQuery): Promise<AuditListResponse> {
    return this.audit.list(query);
  }
}
