import { Inject, Injectable } from '@nestjs/common';
import { Clock, LOGGER, PG_POOL } from '@tiptop/platform';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
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
    @Inject(PG_POOL) private readonly pool: Pool,
    private readonly clock: Clock,
    private readonly erasure: ErasureService,
    private readonly others: PersonalData,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Removes the files of accounts whose erasure a crash cut short after its commit, and has PostgreSQL let go of the
   * rows as they were before and of the names that its statistics quote as examples.
   */
  async remove(): Promise<void> {
    const since = new Date(this.clock.now().getTime() - DAYS * DAY_MS);
    const { rows } = await this.pool.query<{ id: string }>('SELECT id FROM users WHERE erased_at >= $1', [since]);
    if (rows.length === 0) return;
    for (const { id } of rows) await this.erasure.forgetFiles(id);
    await this.vacuum();
  }

  private async vacuum(): Promise<void> {
    const client = await this.pool.connect();
    // Of a table that is not ours to clear up PostgreSQL only warns, and passes it over.
    const warnings: string[] = [];
    const listen = ({ message = '' }: { message?: string | undefined }): void => void warnings.push(message);
    client.on('notice', listen);
    try {
      await client.query(`VACUUM (ANALYZE, SKIP_LOCKED) ${[...TABLES, ...this.others.tables()].join(', ')}`);
    } finally {
      client.off('notice', listen);
      client.release();
    }
    if (warnings.length > 0) this.logger.info({ warnings }, 'What erased accounts left is for autovacuum to clear up');
  }
}
