import { Module } from '@nestjs/common';
import { AdminTicketsController } from './admin-tickets.controller';
import { TicketSearch } from './ticket-search';
import { TicketTable } from './ticket-table';

@Module({ controllers: [AdminTicketsController], providers: [TicketSearch, TicketTable] })
export class AdminTicketsModule {}
