import { Controller, Get, Query, type StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, type Origin, RequestOrigin } from '@tiptop/auth';
import { ParticipantExportQuery } from './dto/participant-export.query';
import { ReportQuery } from './dto/report.query';
import { TicketExportQuery } from './dto/ticket-export.query';
import { ExportsService } from './exports.service';
import { FileEndpoint } from './file-endpoint.decorator';
import { XLSX_TYPE } from './media-types';

@ApiTags('Administration')
@Controller('admin/exports')
export class ExportsController {
  constructor(private readonly exports: ExportsService) {}

  @Get('tickets')
  @FileEndpoint({
    summary: 'The tickets that are asked for, as a file',
    description:
      'The filters and the order are those of the table. Times are the contest’s; what a spreadsheet might take for a ' +
      'formula begins with an apostrophe in CSV, and is a text in XLSX.',
    types: ['text/csv', XLSX_TYPE],
    errors: ['TOO_MANY_EXPORTS'],
  })
  async tickets(
    @CurrentAccount() account: Account,
    @Query() query: TicketExportQuery,
    @RequestOrigin() { language }: Origin,
  ): Promise<StreamableFile> {
    return this.exports.tickets(account, query, language);
  }

  @Get('participants')
  @FileEndpoint({
    summary: 'Those who take part, as a file',
    description: 'With newsletter=true, those to whom letters may be sent. Erased accounts are in none.',
    types: ['text/csv', XLSX_TYPE],
    errors: ['TOO_MANY_EXPORTS'],
  })
  async participants(
    @CurrentAccount() account: Account,
    @Query() query: ParticipantExportQuery,
    @RequestOrigin() { language }: Origin,
  ): Promise<StreamableFile> {
    return this.exports.participants(account, query, language);
  }

  @Get('report')
  @FileEndpoint({
    summary: 'The figures of a contest as a workbook',
    description: 'A sheet for each: summary, funnel, prizes, by day, by hour, by gender, by age, stores.',
    types: [XLSX_TYPE],
    errors: ['CONTEST_NOT_FOUND', 'TOO_MANY_EXPORTS'],
  })
  async report(
    @CurrentAccount() account: Account,
    @Query() query: ReportQuery,
    @RequestOrigin() { language }: Origin,
  ): Promise<StreamableFile> {
    return this.exports.report(account, query, language);
  }
}
