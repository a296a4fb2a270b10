import { Injectable } from '@nestjs/common';
import { AuditLog, Clock, MailHistory } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import type { Account } from '../access/account';
import { AccountRecords } from './account-records';
import type { MyDataResponse } from './dto/my-data.response';
import { PersonalData } from './personal-data';
import { SignInRecords } from './sign-in-records';

/** Tells a person everything that is held about them (GDPR, article 15). */
@Injectable()
export class MyDataService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly account: AccountRecords,
    private readonly signIn: SignInRecords,
    private readonly letters: MailHistory,
    private readonly others: PersonalData,
    private readonly audit: AuditLog,
  ) {}

  async collect({ id: userId, role }: Account): Promise<MyDataResponse> {
    // Before anything leaves: it is as much as anybody can learn of a person, whoever holds the session.
    const subject = { type: 'user', id: userId };
    await this.audit.recordApart({ action: 'data-downloaded', actor: { id: userId, role }, subject });
    // One snapshot: all parts of the document tell of the same moment.
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const letters = await this.letters.of(userId, manager);
      return {
        madeAt: this.clock.now().toISOString(),
        ...(await this.account.collect(userId, manager)),
        ...(await this.signIn.collect(userId, manager)),
        letters: letters.map((letter) => ({ ...letter, createdAt: letter.createdAt.toISOString() })),
        records: await this.others.collect(userId, manager),
      };
    });
  }
}
