import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalData, type PersonalDataHolder } from '@tiptop/auth';
import type { EntityManager } from 'typeorm';

/** The print runs that an administrator asked for. */
@Injectable()
export class PrintRunRecords implements PersonalDataHolder, OnModuleInit {
  readonly name = 'printRuns';

  constructor(private readonly personalData: PersonalData) {}

  onModuleInit(): void {
    this.personalData.register(this);
  }

  /** The oldest first. */
  async collect(userId: string, manager: EntityManager): Promise<object[]> {
    const rows = await manager.query<{ contest: string; count: number; status: string; requestedAt: Date }[]>(
      `SELECT c.name AS contest, r.count, r.status, r.requested_at AS "requestedAt"
       FROM print_runs r JOIN contests c ON c.id = r.contest_id
       WHERE r.requested_by = $1 ORDER BY r.requested_at, r.id`,
      [userId],
    );
    return rows.map((row) => ({ ...row, requestedAt: row.requestedAt.toISOString() }));
  }

  /** Who asked is still named, and has no name any more. */
  async erase(): Promise<void> {
    return Promise.resolve();
  }
}
