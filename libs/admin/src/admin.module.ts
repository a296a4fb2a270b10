import { Module } from '@nestjs/common';
import { ExportsModule } from './exports/exports.module';
import { AuditBrowsingModule } from './audit/audit-browsing.module';
import { AdminContestsModule } from './contests/contests.module';
import { MailsModule } from './mails/mails.module';
import { AdminStatisticsModule } from './statistics/statistics.module';
import { AdminStoresModule } from './stores/stores.module';
import { AdminTicketsModule } from './tickets/admin-tickets.module';
import { UsersModule } from './users/users.module';

/** What administrators see and do. */
@Module({
  imports: [
    AuditBrowsingModule,
    UsersModule,
    AdminContestsModule,
    AdminStoresModule,
    AdminTicketsModule,
    ExportsModule,
    MailsModule,
    AdminStatisticsModule,
  ],
})
export class AdminModule {}
