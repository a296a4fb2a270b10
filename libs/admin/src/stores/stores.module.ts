import { Module } from '@nestjs/common';
import { GameModule } from '@tiptop/game';
import { AdminStoresController } from './stores.controller';
import { StoresService } from './stores.service';

@Module({ imports: [GameModule], controllers: [AdminStoresController], providers: [StoresService] })
export class AdminStoresModule {}
