import { Controller, Delete, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Account } from '../access/account';
import { CurrentAccount } from '../access/current-account.decorator';
import { Endpoint } from '../access/endpoint.decorator';
import { MyDataResponse } from './dto/my-data.response';
import { ErasureService } from './erasure.service';
import { MyDataService } from './my-data.service';

@ApiTags('Accounts')
@Controller('users/me')
export class MyDataController {
  constructor(
    private readonly data: MyDataService,
    private readonly erasure: ErasureService,
  ) {}

  @Get('data')
  @Endpoint({
    access: 'signed-in',
    summary: 'Everything that is held about me',
    description: 'Passwords, keys and codes are not in it: what is kept of them only serves to recognise them.',
    status: 200,
    answer: MyDataResponse,
  })
  async get(@CurrentAccount() account: Account): Promise<MyDataResponse> {
    return this.data.collect(account);
  }

  @Delete()
  @Endpoint({
    access: 'signed-in',
    summary: 'Erase my account, for good',
    description:
      'My name, e-mail address and ways to sign in are erased and every session ends. That tickets were played and ' +
      'prizes handed over stays, without a name; a prize that waits can’t be fetched any more.',
    status: 204,
    errors: ['LAST_ADMIN'],
  })
  async erase(@CurrentAccount() account: Account): Promise<void> {
    await this.erasure.eraseMe(account);
  }
}
