import { Injectable } from '@nestjs/common';
import { AppConfig, Clock } from '@tiptop/platform';
import { DataSource } from 'typeorm';
import { isScheduled, type ScheduledKind } from '../backups/backup-id';
import { StepFailure } from '../backups/backup-source';
import type { RunTrigger } from '../backups/backup-run.entity';
import { MOST_TRIES } from '../backups/backup-runs';
import { LocalBackups } from '../local/local-backups';
import { BackupCalendar } from './backup-calendar';
import { LEASE_TIMES } from './lease-times';

const MINUTE_MS = 60_000;
/** So late a run is told as one that was caught up. */
const LATE_MS = 10 * MINUTE_MS;
const BETWEEN_TRIES_MS = 15 * MINUTE_MS;

/** A run that the calendar asks for. */
export interface DueSlot {
  slot: Date;
  kind: ScheduledKind;
  trigger: RunTrigger;
}

/**
 * What is to be done about the newest slot. `settled`: nothing more. `waiting`: nothing yet, a run is under way or has just
 * failed. `dead`: its run has died, and nobody has cleared up after it.
 */
export interface SlotState extends DueSlot {
  state: 'due' | 'settled' | 'waiting' | 'dead';
}

interface Try {
  /** Of its process: a run that is under way while nobody holds its lease is dead. */
  state: 'made' | 'under way' | 'failed' | 'dead';
  at: Date;
}

// By the database's clock, as the lease itself.
const TRIES = `
  SELECT CASE
    WHEN run.status = 'failed' THEN 'failed'
    WHEN run.status <> 'running' THEN 'made'
    WHEN lease.owner IS NULL THEN 'dead'
    ELSE 'under way' END AS state,
    coalesce(run.finished_at, run.started_at) AS at
  FROM backup_runs run
  LEFT JOIN operation_leases lease ON lease.environment = run.environment AND lease.owner = run.owner
    AND lease.heartbeat_at BETWEEN now() - $3 * interval '1 ms' AND now() + $3 * interval '1 ms'
  WHERE run.environment = $1 AND run.slot = $2`;

/**
 * Which time of the calendar has come and has no backup. Of several that were missed only the newest one is caught up: the
 * older ones would be backups of the same moment.
 */
@Injectable()
export class DueSlots {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly calendar: BackupCalendar,
    private readonly local: LocalBackups,
    private readonly database: DataSource,
  ) {}

  /** The newest slot: the one that is due, if any is. */
  get newest(): Date {
    return this.calendar.latest(this.clock.now());
  }

  /** @throws what the database says */
  async look(): Promise<SlotState> {
    const now = this.clock.now();
    const slot = this.calendar.latest(now);
    const trigger = now.getTime() - slot.getTime() > LATE_MS ? 'catch-up' : 'schedule';
    return { slot, kind: this.calendar.kindOf(slot), trigger, state: await this.stateOf(slot, now) };
  }

  private async stateOf(slot: Date, now: Date): Promise<SlotState['state']> {
    const { staleMs } = LEASE_TIMES;
    const tries: Try[] = await this.database.query(TRIES, [this.config.ops.environment, slot, staleMs]);
    const has = (state: Try['state']): boolean => tries.some((one) => one.state === state);
    if (has('made')) return 'settled';
    if (has('under way')) return 'waiting';
    if (has('dead')) return 'dead';
    if (tries.length >= MOST_TRIES) return 'settled';
    if (tries.some(({ at }) => isWithin(now.getTime() - at.getTime(), BETWEEN_TRIES_MS))) return 'waiting';
    return tries.length === 0 && (await this.isKept(slot, now)) ? 'settled' : 'due';
  }

  /**
   * Whether the backup is there though its row is not, of a database that was restored. One dated in the future was made
   * while the clock was wrong, and says nothing.
   */
  private async isKept(slot: Date, now: Date): Promise<boolean> {
    const { environment } = this.config.ops;
    try {
      const { backups } = await this.local.list();
      return backups.some(
        ({ backup: { kind, at }, manifest }) =>
          isScheduled(kind) &&
          manifest.environment === environment &&
          manifest.quarantined === null &&
          at >= slot &&
          at <= now,
      );
    } catch (error) {
      // Nothing is known of a folder that can't be read; the run itself will say why.
      if (error instanceof StepFailure) return false;
      throw error;
    }
  }
}

/** A time in the future is of a clock that was wrong. */
function isWithin(ageMs: number, limitMs: number): boolean {
  return ageMs >= 0 && ageMs < limitMs;
}
