import type { AdminPrintRunErrorCode } from './contests/print-runs/print-run.errors';
import type { ExportErrorCode } from './exports/exports.errors';
import type { UserAdministrationErrorCode } from './users/user.errors';
import type { MailErrorCode } from './mails/mail.errors';

export type AdminErrorCode = AdminPrintRunErrorCode | ExportErrorCode | MailErrorCode | UserAdministrationErrorCode;

export { AdminModule } from './admin.module';
export { PrintRun } from './contests/print-runs/print-run.entity';
