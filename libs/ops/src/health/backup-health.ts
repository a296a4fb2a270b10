import { Inject, Injectable } from '@nestjs/common';
import { AppConfig, Clock, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { BackupStateReader } from './backup-state-reader';
import { type Trouble, troublesOf } from './backup-troubles';

/**
 * Whether this environment's backups are as they should be, judged by the rows alone: the instance that faces the internet
 * knows neither stores nor keys.
 */
@Injectable()
export class BackupHealth {
  private readonly since: Date;
  /** So that the log tells it once, not at each poll. */
  private unreadable = false;

  constructor(
    private readonly reader: BackupStateReader,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.since = clock.now();
  }

  /** Never rejects: what can't be told is not well. */
  async check(): Promise<'up' | 'degraded'> {
    try {
      const troubles = await this.troubles();
      this.unreadable = false;
      return troubles.length === 0 ? 'up' : 'degraded';
    } catch (err) {
      if (!this.unreadable) this.logger.warn({ err }, 'Whether the backups are as they should be can’t be told');
      this.unreadable = true;
      return 'degraded';
    }
  }

  /**
   * Why backups are not as they should be; none where they are.
   * @throws the database's fault
   */
  async troubles(): Promise<readonly Trouble[]> {
    const { scheduler, staleAfterHours } = this.config.ops;
    const state = await this.reader.read();
    return troublesOf(state, { now: this.clock.now(), since: this.since, staleAfterHours, scheduler });
  }
}
