import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalData, type PersonalDataHolder } from '@tiptop/auth';
import type { EntityManager } from 'typeorm';

/** Which reminders were posted to a person. */
@Injectable()
export class ReminderRecords implements PersonalDataHolder, OnModuleInit {
  readonly name = 'reminders';

  constructor(private readonly personalData: PersonalData) {}

  onModuleInit(): void {
    this.personalData.register(this);
  }

  /** The oldest first. */
  async collect(userId: string, manager: EntityManager): Promise<object[]> {
    const rows = await manager.query<{ contest: string; daysBefore: number; postedAt: Date }[]>(
      `SELECT c.name AS contest, r.days_before AS "daysBefore", r.posted_at AS "postedAt"
       FROM reminders r JOIN contests c ON c.id = r.contest_id WHERE r.user_id = $1 ORDER BY r.posted_at, c.id`,
      [userId],
    );
    return rows.map((row) => ({ ...row, postedAt: row.postedAt.toISOString() }));
  }

  /** They tell nothing but that there was a letter. */
  async erase(): Promise<void> {
    return Promise.resolve();
  }
}
