import { Injectable } from '@nestjs/common';
import { Clock } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { ErasureService } from './erasure.service';
import { PersonalData } from './personal-data';

const DAY_MS = 86_400_000;
/** For so long after an erasure its remnants are looked for. */
const DAYS = 7;
const TABLES = ['users', 'sessions', 'identities', 'sign_in_codes'];

/** What an erased account leaves beside its rows. */
@Injectable()
export class Remnants {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly erasure: ErasureService,
    private readonly others: PersonalData,
  ) {}

  /**
   * Removes the files of accounts whose erasure a crash cut short after its commit, and has PostgreSQL let go of the
   * rows as they were before and of the names that its statistics quote as examples.
   */
  async remove(): Promise<void> {
    const since = new Date(this.clock.now().getTime() - DAYS * DAY_MS);
    const erased: { id: string }[] = await this.dataSource.query('SELECT id FROM users WHERE erased_at >= $1', [since]);
    if (erased.length === 0) return;
    for (const { id } of erased) await this.erasure.forgetFiles(id);
    await this.dataSource.query(`VACUUM (ANALYZE, SKIP_LOCKED) ${[...TABLES, ...this.others.tables()].join(', ')}`);
  }
}
