import { Module } from '@nestjs/common';
import { GameMails } from './game-mails';
import { ReminderMails } from './reminder-mails';

@Module({ providers: [GameMails, ReminderMails] })
export class MailsModule {}
