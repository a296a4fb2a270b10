import { Global, Module } from '@nestjs/common';
import { MailFiles } from './mail-files';
import { MailKinds } from './mail-kinds';
import { MailOutbox } from './mail-outbox';
import { MailQueue } from './mail-queue';

/** Letters: where they are posted, which kinds there are, what became of them. Whoever imports it delivers none. */
@Global()
@Module({
  providers: [MailFiles, MailKinds, MailOutbox, MailQueue],
  exports: [MailFiles, MailKinds, MailOutbox, MailQueue],
})
export class MailModule {}
