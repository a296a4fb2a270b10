import { Module } from '@nestjs/common';
import { GameMails } from './game-mails';

@Module({ providers: [GameMails] })
export class MailsModule {}
