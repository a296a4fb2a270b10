import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalData, type PersonalDataHolder } from '@tiptop/auth';
import type { EntityManager } from 'typeorm';

/** As whom a person is counted in the statistics of the contests they took part in. */
@Injectable()
export class ParticipationRecords implements PersonalDataHolder, OnModuleInit {
  readonly name = 'participations';

  constructor(private readonly personalData: PersonalData) {}

  onModuleInit(): void {
    this.personalData.register(this);
  }

  /** The oldest first. */
  async collect(playerId: string, manager: EntityManager): Promise<object[]> {
    const rows = await manager.query<{ contest: string; gender: string | null; age: number; firstPlayedAt: Date }[]>(
      `SELECT c.name AS contest, p.gender, p.age, p.first_played_at AS "firstPlayedAt"
       FROM participants p JOIN contests c ON c.id = p.contest_id WHERE p.player_id = $1 ORDER BY p.first_played_at`,
      [playerId],
    );
    return rows.map((row) => ({ ...row, firstPlayedAt: row.firstPlayedAt.toISOString() }));
  }

  /** A gender and an age at a play tell of nobody, once the account behind them has no name. */
  async erase(): Promise<void> {
    return Promise.resolve();
  }
}
