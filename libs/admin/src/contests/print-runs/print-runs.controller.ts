import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, Endpoint } from '@tiptop/auth';
import { PageQuery } from '@tiptop/platform';
import { PrintRunListResponse, PrintRunResponse } from './dto/print-run.response';
import { PrintTicketsRequest } from './dto/print-tickets.request';
import { PrintRunsService } from './print-runs.service';

const CONTEST = { name: 'id', description: 'Of the contest.' };

@ApiTags('Administration')
@Controller('admin/contests/:id')
export class PrintRunsController {
  constructor(private readonly printRuns: PrintRunsService) {}

  @Post('tickets')
  @ApiParam(CONTEST)
  @Endpoint({
    access: ['admin'],
    summary: 'Have tickets made for a contest that has not begun',
    description: 'In the background, one run at a time for a contest. All tickets of a run appear at once, at its end.',
    status: 202,
    answer: PrintRunResponse,
    errors: ['CONTEST_NOT_FOUND', 'PRINT_RUN_CLOSED', 'PRINT_RUN_UNDER_WAY'],
  })
  async print(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Body() { count }: PrintTicketsRequest,
  ): Promise<PrintRunResponse> {
    return this.printRuns.request(account, id, count);
  }

  @Get('print-runs')
  @ApiParam(CONTEST)
  @Endpoint({
    access: ['admin'],
    summary: 'The print runs of a contest, the newest first',
    status: 200,
    answer: PrintRunListResponse,
    errors: ['CONTEST_NOT_FOUND'],
  })
  async list(@Param('id') id: string, @Query() query: PageQuery): Promise<PrintRunListResponse> {
    return this.printRuns.list(id, query);
  }

  @Get('print-runs/:jobId')
  @ApiParam(CONTEST)
  @ApiParam({ name: 'jobId', description: 'Of the print run.' })
  @Endpoint({
    access: ['admin'],
    summary: 'How far a print run is',
    status: 200,
    answer: PrintRunResponse,
    errors: ['PRINT_RUN_NOT_FOUND'],
  })
  async get(@Param('id') id: string, @Param('jobId') jobId: string): Promise<PrintRunResponse> {
    return this.printRuns.get(id, jobId);
  }
}
