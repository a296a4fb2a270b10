import { Module } from '@nestjs/common';
import { StoreList } from './store-list';
import { StoresController } from './stores.controller';

@Module({ controllers: [StoresController], providers: [StoreList], exports: [StoreList] })
export class StoresModule {}
