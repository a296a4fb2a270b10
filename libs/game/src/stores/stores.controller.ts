import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Endpoint } from '@tiptop/auth';
import { PageQuery } from '@tiptop/platform';
import { OpenStoreListResponse } from './dto/open-store.response';
import { StoreList } from './store-list';

@ApiTags('Game')
@Controller('stores')
export class StoresController {
  constructor(private readonly stores: StoreList) {}

  @Get()
  @Endpoint({
    access: 'public',
    summary: 'The shops where prizes are handed over, the oldest first',
    status: 200,
    answer: OpenStoreListResponse,
  })
  async list(@Query() { limit, cursor }: PageQuery): Promise<OpenStoreListResponse> {
    return this.stores.page({ limit, cursor, isActive: true }, ({ id, name, city }) => ({ id, name, city }));
  }
}
