import { Body, Controller, Get, Ip, Patch, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Account } from '../access/account';
import { CurrentAccount } from '../access/current-account.decorator';
import { Endpoint } from '../access/endpoint.decorator';
import { ChangePasswordRequest } from './dto/change-password.request';
import { UpdateMeRequest } from './dto/update-me.request';
import { toUserResponse, UserResponse } from './user.response';
import { UsersService } from './users.service';

@ApiTags('Accounts')
@Controller('users/me')
export class MeController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @Endpoint({ access: 'signed-in', summary: 'My profile', status: 200, answer: UserResponse })
  async get(@CurrentAccount() account: Account): Promise<UserResponse> {
    return toUserResponse(await this.users.get(account.id));
  }

  @Patch()
  @Endpoint({
    access: 'signed-in',
    summary: 'Change my profile',
    status: 200,
    answer: UserResponse,
    errors: ['UNDERAGE'],
  })
  async update(@CurrentAccount() account: Account, @Body() changes: UpdateMeRequest): Promise<UserResponse> {
    return toUserResponse(await this.users.update(account.id, changes));
  }

  @Put('password')
  @Endpoint({
    access: 'signed-in',
    summary: 'Change my password; my other sessions end',
    status: 204,
    errors: ['INVALID_CREDENTIALS', 'WEAK_PASSWORD', 'TOO_MANY_ATTEMPTS'],
  })
  async changePassword(
    @CurrentAccount() account: Account,
    @Ip() address: string,
    @Body() change: ChangePasswordRequest,
  ): Promise<void> {
    await this.users.changePassword(account.id, account.sessionId, address, change);
  }
}
