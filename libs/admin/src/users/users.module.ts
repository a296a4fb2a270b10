import { Module } from '@nestjs/common';
import { AuditBrowsingModule } from '../audit/audit-browsing.module';
import { UserAdministrationService } from './user-administration.service';
import { UserDetail } from './user-detail';
import { UserList } from './user-list';
import { UserSearch } from './user-search';
import { UsersController } from './users.controller';

@Module({
  imports: [AuditBrowsingModule],
  controllers: [UsersController],
  providers: [UserAdministrationService, UserDetail, UserList, UserSearch],
})
export class UsersModule {}
