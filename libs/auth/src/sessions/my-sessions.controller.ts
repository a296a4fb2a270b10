import { Controller, Delete, Get, Param, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { PageQuery } from '@tiptop/platform';
import type { Account } from '../access/account';
import { CurrentAccount } from '../access/current-account.decorator';
import { Endpoint } from '../access/endpoint.decorator';
import { MySessionsResponse } from './dto/my-sessions.response';
import { MySessionsService } from './my-sessions.service';
import { SessionsService } from './sessions.service';

@ApiTags('Accounts')
@Controller('users/me/sessions')
export class MySessionsController {
  constructor(
    private readonly mine: MySessionsService,
    private readonly sessions: SessionsService,
  ) {}

  @Get()
  @Endpoint({
    access: 'signed-in',
    summary: 'Where I am signed in, the newest first',
    status: 200,
    answer: MySessionsResponse,
  })
  async list(@CurrentAccount() account: Account, @Query() query: PageQuery): Promise<MySessionsResponse> {
    return this.mine.list(account, query);
  }

  @Delete(':id')
  @ApiParam({ name: 'id', description: 'Of one of my sessions, this one included.' })
  @Endpoint({ access: 'signed-in', summary: 'End one of my sessions', status: 204, errors: ['SESSION_NOT_FOUND'] })
  async end(@CurrentAccount() account: Account, @Param('id') id: string): Promise<void> {
    await this.sessions.end(account, id);
  }
}
