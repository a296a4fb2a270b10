import type { MailErrorCode } from './mails/mail.errors';

export type AdminErrorCode = MailErrorCode;

export { AdminModule } from './admin.module';
