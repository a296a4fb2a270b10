import { Injectable } from '@nestjs/common';
import type { Account } from '@tiptop/auth';
import { Store, StoreList, StoreNotFound } from '@tiptop/game';
import { AuditLog, Clock } from '@tiptop/platform';
import { isUUID } from 'class-validator';
import { DataSource } from 'typeorm';
import type { CreateStoreRequest, UpdateStoreRequest } from './dto/store.request';
import { type StoreListResponse, type StoreResponse, toStoreResponse } from './dto/store.response';
import type { StoresQuery } from './dto/stores.query';

/** What administrators do with shops. One is never removed: hand-overs tell of it. */
@Injectable()
export class StoresService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly stores: StoreList,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** The oldest first. */
  async list(query: StoresQuery): Promise<StoreListResponse> {
    return this.stores.page(query, toStoreResponse);
  }

  async create(admin: Account, { name, city, isActive = true }: CreateStoreRequest): Promise<StoreResponse> {
    return this.dataSource.transaction(async (manager) => {
      const store = manager.create(Store, { name, city, isActive, createdAt: this.clock.now() });
      await manager.insert(Store, store);
      const subject = { type: 'store', id: store.id };
      await this.audit.record(manager, { action: 'store-created', actor: admin, subject, details: { isActive } });
      return toStoreResponse(store);
    });
  }

  /** @throws StoreNotFound */
  async update(admin: Account, id: string, { name, city, isActive }: UpdateStoreRequest): Promise<StoreResponse> {
    if (!isUUID(id)) throw new StoreNotFound();
    return this.dataSource.transaction(async (manager) => {
      const store = await manager.findOne(Store, { where: { id }, lock: { mode: 'for_no_key_update' } });
      if (!store) throw new StoreNotFound();
      const changed = { name: name ?? store.name, city: city ?? store.city, isActive: isActive ?? store.isActive };
      await manager.update(Store, { id }, changed);
      const fields = Object.keys(changed).filter(
        (key) => changed[key as keyof typeof changed] !== store[key as keyof Store],
      );
      await this.audit.record(manager, {
        action: 'store-updated',
        actor: admin,
        subject: { type: 'store', id },
        details: { fields, isActive: changed.isActive },
      });
      return toStoreResponse(Object.assign(store, changed));
    });
  }
}
