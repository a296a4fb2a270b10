import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Endpoint } from '@tiptop/auth';
import { TicketListResponse } from './dto/ticket-list.response';
import { TicketsQuery } from './dto/tickets.query';
import { TicketTable } from './ticket-table';

@ApiTags('Administration')
@Controller('admin/tickets')
export class AdminTicketsController {
  constructor(private readonly tickets: TicketTable) {}

  @Get()
  @Endpoint({
    access: ['admin'],
    summary: 'The table of tickets',
    description:
      'By code; where only played tickets can be meant (by status, period, prize or player) the latest play first, and ' +
      'with period=claimed or storeId the latest hand-over first. While plays go on, tickets that nobody touches are ' +
      'neither skipped nor repeated from page to page.',
    status: 200,
    answer: TicketListResponse,
  })
  async list(@Query() query: TicketsQuery): Promise<TicketListResponse> {
    return this.tickets.list(query);
  }
}
