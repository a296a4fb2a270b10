import { Module } from '@nestjs/common';
import { PasswordHasher } from '@tiptop/auth';
import { ContestsModule } from '../contests/contests.module';
import { TicketsModule } from '../tickets/tickets.module';
import { SmokeContest } from './smoke-contest';
import { SmokePeople } from './smoke-people';
import { SmokeTickets } from './smoke-tickets';

/** The stage of smoke journeys: for the command line, not for the service. */
@Module({
  imports: [ContestsModule, TicketsModule],
  providers: [PasswordHasher, SmokeContest, SmokePeople, SmokeTickets],
  exports: [SmokeContest],
})
export class SmokeModule {}
