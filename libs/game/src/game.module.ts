import { Module } from '@nestjs/common';
import { ClaimsModule } from './claims/claims.module';
import { ContestsModule } from './contests/contests.module';
import { PlaysModule } from './plays/plays.module';
import { TicketsModule } from './tickets/tickets.module';

/** The contest itself: contests and prizes, tickets, plays, claims. */
@Module({
  imports: [ContestsModule, TicketsModule, PlaysModule, ClaimsModule],
  exports: [ContestsModule, TicketsModule],
})
export class GameModule {}
