import { Inject, Injectable } from '@nestjs/common';
import { Clock, LOGGER, PG_POOL } from '@tiptop/platform';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { VerificationLevel } from '../backups/backup-verification.entity';

/** How a backup that was tried out did. */
export interface Trial {
  /** {@link NO_BACKUP} where it never came to one. */
  backupId: string;
  level: VerificationLevel;
  /** `local`, or the store's name. */
  source: string;
  passed: boolean;
  detail: string;
  /** The same for all that one drill tries: by it they are known to belong together. */
  startedAt: Date;
}

/** In the place of a backup's id: a store that can't be asked, or holds none, has failed its drill all the same. */
export const NO_BACKUP = 'none';

/** Writes down which backups were tried out. */
@Injectable()
export class VerificationLog {
  constructor(
    @Inject(PG_POOL) private readonly pool: Pool,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Never rejects: a trial is worth something unrecorded as well. @returns a warning where it could not be written down */
  async record({ backupId, level, source, passed, detail, startedAt }: Trial): Promise<string | undefined> {
    try {
      await this.pool.query(
        `INSERT INTO backup_verifications (backup_id, level, source, passed, detail, started_at, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, greatest($6, $7::timestamptz))`,
        // PostgreSQL takes no NUL in a text, and a tool's words may hold anything.
        [backupId, level, source, passed, detail.replaceAll('\0', ''), startedAt, this.clock.now()],
      );
      return undefined;
    } catch (err) {
      this.logger.warn({ err, backupId, level, source, passed }, 'A verification could not be recorded');
      return `the verification could not be recorded in the database: ${(err as Error).message}`;
    }
  }
}
