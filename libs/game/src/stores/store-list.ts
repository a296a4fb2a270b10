import { Injectable } from '@nestjs/common';
import { decodeCursor, type Page, toPage, ValidationFailed } from '@tiptop/platform';
import { isUUID } from 'class-validator';
import { DataSource } from 'typeorm';
import { Store } from './store.entity';

export interface StoreFilter {
  limit: number;
  cursor?: string | undefined;
  isActive?: boolean | undefined;
}

/** Shops, page by page. */
@Injectable()
export class StoreList {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * The oldest first.
   * @throws ValidationFailed for a cursor of another list
   */
  async page<T>({ isActive, limit, cursor }: StoreFilter, toItem: (store: Store) => T): Promise<Page<T>> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    if (after && !isUUID(after.id)) throw new ValidationFailed([{ path: 'cursor', message: 'cursor' }]);
    const query = this.dataSource.manager
      .createQueryBuilder(Store, 'store')
      .orderBy({ 'store.createdAt': 'ASC', 'store.id': 'ASC' })
      .limit(limit + 1);
    if (isActive !== undefined) query.andWhere('store.isActive = :isActive', { isActive });
    if (after) query.andWhere('(store.createdAt, store.id) > (:at, :id)', after);
    return toPage(await query.getMany(), limit, ({ createdAt, id }) => ({ at: createdAt, id }), toItem);
  }
}
