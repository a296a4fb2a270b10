import { Module } from '@nestjs/common';
import { MailHistory } from '@tiptop/platform';
import { AccountRecords } from './account-records';
import { AuditRecords } from './audit-records';
import { ErasureService } from './erasure.service';
import { ExpiredData } from './expired-data';
import { MyDataController } from './my-data.controller';
import { MyDataService } from './my-data.service';
import { PersonalData } from './personal-data';
import { Remnants } from './remnants';
import { RetentionService } from './retention.service';
import { SignInRecords } from './sign-in-records';

/** What is held about people: shown to them, erased for them, and not kept for longer than needed. */
@Module({
  controllers: [MyDataController],
  providers: [
    AccountRecords,
    AuditRecords,
    ErasureService,
    ExpiredData,
    MailHistory,
    MyDataService,
    PersonalData,
    Remnants,
    RetentionService,
    SignInRecords,
  ],
  exports: [ErasureService, PersonalData, RetentionService],
})
export class PrivacyModule {}
