import { Module } from '@nestjs/common';
import { ContestRegistry } from './contest-registry';
import { ContestsController } from './contests.controller';
import { ContestsService } from './contests.service';
import { DeckService } from './deck.service';

@Module({
  controllers: [ContestsController],
  providers: [ContestRegistry, ContestsService, DeckService],
  exports: [ContestRegistry, ContestsService, DeckService],
})
export class ContestsModule {}
