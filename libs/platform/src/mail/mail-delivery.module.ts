import { Module } from '@nestjs/common';
import { AppConfig } from '../config/app-config';
import { FileTransport } from './file-transport';
import { LETTERS_AT_ONCE, MailDelivery } from './mail-delivery';
import { MailFiles } from './mail-files';
import { MailSender } from './mail-sender';
import { MailTransport } from './mail-transport';
import { SmtpTransport } from './smtp-transport';

/** Delivers letters for as long as the application runs that imports it, unless its settings leave that to another. */
@Module({
  providers: [
    {
      provide: MailTransport,
      inject: [AppConfig, MailFiles],
      useFactory: ({ mail: { smtpUrl } }: AppConfig, files: MailFiles): MailTransport =>
        smtpUrl === undefined ? new FileTransport(files) : new SmtpTransport(smtpUrl, LETTERS_AT_ONCE),
    },
    MailSender,
    MailDelivery,
  ],
})
export class MailDeliveryModule {}
