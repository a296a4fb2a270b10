import { Module } from '@nestjs/common';
import { HandOverRecords } from './hand-over-records';
import { TicketRecords } from './ticket-records';

/** What the game holds about people. */
@Module({ providers: [HandOverRecords, TicketRecords] })
export class GamePrivacyModule {}
