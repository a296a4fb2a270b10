import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, Endpoint } from '@tiptop/auth';
import { PageQuery } from '@tiptop/platform';
import { MyTicketsResponse } from './dto/my-ticket.response';
import { MyTicketsService } from './my-tickets.service';

@ApiTags('Game')
@Controller('users/me/tickets')
export class MyTicketsController {
  constructor(private readonly tickets: MyTicketsService) {}

  @Get()
  @Endpoint({ access: 'signed-in', summary: 'My tickets, the newest first', status: 200, answer: MyTicketsResponse })
  async list(@CurrentAccount() account: Account, @Query() page: PageQuery): Promise<MyTicketsResponse> {
    return this.tickets.list(account.id, page);
  }
}
