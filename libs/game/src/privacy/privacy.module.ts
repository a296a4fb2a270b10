import { Module } from '@nestjs/common';
import { ReminderRecords } from '../reminders/reminder-records';
import { HandOverRecords } from './hand-over-records';
import { TicketRecords } from './ticket-records';

/** What the game holds about people. */
@Module({ providers: [HandOverRecords, ReminderRecords, TicketRecords] })
export class GamePrivacyModule {}
