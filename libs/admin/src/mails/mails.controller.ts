import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, Endpoint } from '@tiptop/auth';
import { MailListResponse } from './dto/mail-list.response';
import { MailsQuery } from './dto/mails.query';
import { MailsService } from './mails.service';

@ApiTags('Administration')
@Controller('admin/mails')
export class MailsController {
  constructor(private readonly mails: MailsService) {}

  @Get()
  @Endpoint({
    access: ['admin'],
    summary: 'Letters that could not be delivered, or others, the newest first',
    status: 200,
    answer: MailListResponse,
  })
  async list(@Query() query: MailsQuery): Promise<MailListResponse> {
    return this.mails.list(query);
  }

  @Post(':id/retry')
  @ApiParam({ name: 'id', description: 'Of a letter that could not be delivered.' })
  @Endpoint({
    access: ['admin'],
    summary: 'Try again to deliver a letter',
    description: 'Within seconds; whether it arrived is told by the list.',
    status: 202,
    errors: ['MAIL_NOT_FOUND'],
  })
  async retry(@CurrentAccount() account: Account, @Param('id') id: string): Promise<void> {
    await this.mails.retry(account, id);
  }
}
