import { Module } from '@nestjs/common';
import { MailsModule } from './mails/mails.module';

/** What administrators see and do. */
@Module({ imports: [MailsModule] })
export class AdminModule {}
