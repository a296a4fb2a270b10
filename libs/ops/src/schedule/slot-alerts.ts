import { Injectable } from '@nestjs/common';
import { AppConfig, isDatabaseUnavailable } from '@tiptop/platform';
import { Alerts } from '../alerts/alerts';
import { StepFailure } from '../backups/backup-source';
import { placeOf } from '../database/connection-settings';
import { databaseFault } from '../database/database-fault';

/** Tells people of a slot whose backup could not even be begun: once, however many ticks find it so. */
@Injectable()
export class SlotAlerts {
  private told: number | undefined;
  private settled: number | undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly alerts: Alerts,
  ) {}

  /** There is nothing more to do about a slot: what goes wrong from here on is not its. */
  settle(slot: Date): void {
    this.settled = slot.getTime();
  }

  /** Never rejects. */
  async missed(slot: Date, error: unknown): Promise<void> {
    const time = slot.getTime();
    if (time === this.told || time === this.settled) return;
    this.told = time;
    const at = slot.toISOString();
    const { environment } = this.config.ops;
    const unavailable = isDatabaseUnavailable(error);
    await this.alerts.send({
      level: 'failure',
      subject: unavailable
        ? `PostgreSQL is down: no backup of ${at} (${environment})`
        : `The backup of ${at} could not be begun (${environment})`,
      text: `${this.inWords(error)}. It is tried again each minute, and caught up as soon as it can be.`,
      facts: { environment, slot: at, step: 'schedule' },
    });
  }

  private inWords(error: unknown): string {
    const doing = 'Looking up what the calendar asks for';
    const { databaseUrl } = this.config;
    if (isDatabaseUnavailable(error) && databaseUrl !== undefined) {
      return databaseFault(error, placeOf(databaseUrl), doing).message;
    }
    if (error instanceof StepFailure) return error.message;
    return `${doing}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
