import { Module } from '@nestjs/common';
import { ClaimsModule } from './claims/claims.module';
import { ContestsModule } from './contests/contests.module';
import { MailsModule } from './mails/mails.module';
import { PlaysModule } from './plays/plays.module';
import { GamePrivacyModule } from './privacy/privacy.module';
import { StatisticsModule } from './statistics/statistics.module';
import { StoresModule } from './stores/stores.module';
import { TicketsModule } from './tickets/tickets.module';

/** The contest itself: contests and prizes, tickets, plays, claims. */
@Module({
  imports: [
    ContestsModule,
    TicketsModule,
    PlaysModule,
    ClaimsModule,
    MailsModule,
    GamePrivacyModule,
    StatisticsModule,
    StoresModule,
  ],
  exports: [ContestsModule, StatisticsModule, StoresModule, TicketsModule],
})
export class GameModule {}
