import { Module } from '@nestjs/common';
import { ContestEditor } from './contest-editor';
import { ContestRegistry } from './contest-registry';
import { ContestsController } from './contests.controller';
import { ContestsService } from './contests.service';
import { DeckService } from './deck.service';

@Module({
  controllers: [ContestsController],
  providers: [ContestEditor, ContestRegistry, ContestsService, DeckService],
  exports: [ContestEditor, ContestRegistry, ContestsService, DeckService],
})
export class ContestsModule {}
