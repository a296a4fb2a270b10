import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, Endpoint } from '@tiptop/auth';
import { CreateStoreRequest, UpdateStoreRequest } from './dto/store.request';
import { StoreListResponse, StoreResponse } from './dto/store.response';
import { StoresQuery } from './dto/stores.query';
import { StoresService } from './stores.service';

@ApiTags('Administration')
@Controller('admin/stores')
export class AdminStoresController {
  constructor(private readonly stores: StoresService) {}

  @Get()
  @Endpoint({ access: ['admin'], summary: 'All shops, the oldest first', status: 200, answer: StoreListResponse })
  async list(@Query() query: StoresQuery): Promise<StoreListResponse> {
    return this.stores.list(query);
  }

  @Post()
  @Endpoint({ access: ['admin'], summary: 'Add a shop', status: 201, answer: StoreResponse })
  async create(@CurrentAccount() account: Account, @Body() body: CreateStoreRequest): Promise<StoreResponse> {
    return this.stores.create(account, body);
  }

  @Patch(':id')
  @ApiParam({ name: 'id', description: 'Of the shop.' })
  @Endpoint({
    access: ['admin'],
    summary: 'Rename a shop, close it or open it again',
    description: 'Prizes are not handed over in a shop that is not active; what was handed over there before stays.',
    status: 200,
    answer: StoreResponse,
    errors: ['STORE_NOT_FOUND'],
  })
  async update(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Body() body: UpdateStoreRequest,
  ): Promise<StoreResponse> {
    return this.stores.update(account, id, body);
  }
}
