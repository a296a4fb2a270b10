import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, Endpoint } from '@tiptop/auth';
import { CreateStaffRequest } from './dto/create-staff.request';
import { UpdateUserRequest } from './dto/update-user.request';
import { UserDetailResponse } from './dto/user-detail.response';
import { AdminUserResponse, UserListResponse } from './dto/user-list.response';
import { UsersQuery } from './dto/users.query';
import { UserAdministrationService } from './user-administration.service';
import { UserDetail } from './user-detail';
import { UserList } from './user-list';

const ID = { name: 'id', description: 'Of an account.' };

@ApiTags('Administration')
@Controller('admin/users')
export class UsersController {
  constructor(
    private readonly users: UserList,
    private readonly detail: UserDetail,
    private readonly administration: UserAdministrationService,
  ) {}

  @Get()
  @Endpoint({ access: ['admin'], summary: 'Accounts, the newest first', status: 200, answer: UserListResponse })
  async list(@Query() query: UsersQuery): Promise<UserListResponse> {
    return this.users.list(query);
  }

  @Get(':id')
  @ApiParam(ID)
  @Endpoint({
    access: ['admin'],
    summary: 'An account with its tickets, sessions, consents and history',
    status: 200,
    answer: UserDetailResponse,
    errors: ['USER_NOT_FOUND'],
  })
  async get(@Param('id') id: string): Promise<UserDetailResponse> {
    return this.detail.get(id);
  }

  @Post()
  @Endpoint({
    access: ['admin'],
    summary: 'Make the account of a member of staff, and invite them to choose its password',
    status: 201,
    answer: AdminUserResponse,
    errors: ['EMAIL_TAKEN'],
  })
  async create(@CurrentAccount() account: Account, @Body() body: CreateStaffRequest): Promise<AdminUserResponse> {
    return this.administration.createStaff(account, body);
  }

  @Patch(':id')
  @ApiParam(ID)
  @Endpoint({
    access: ['admin'],
    summary: 'Change role or name, archive or restore an account',
    description:
      'Who is archived is signed out everywhere. Administrators may do so with their own account, but for the last one.',
    status: 200,
    answer: AdminUserResponse,
    errors: ['USER_NOT_FOUND', 'LAST_ADMIN'],
  })
  async update(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Body() changes: UpdateUserRequest,
  ): Promise<AdminUserResponse> {
    return this.administration.update(account, id, changes);
  }

  @Post(':id/invitation')
  @ApiParam(ID)
  @Endpoint({
    access: ['admin'],
    summary: 'Send an invitation again',
    status: 202,
    errors: ['USER_NOT_FOUND', 'NOT_INVITED', 'TOO_MANY_ATTEMPTS'],
  })
  async invite(@CurrentAccount() account: Account, @Param('id') id: string): Promise<void> {
    await this.administration.invite(account, id);
  }
}
