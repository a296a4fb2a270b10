import { setTimeout as pause } from 'node:timers/promises';
import { SchedulerRegistry } from '@nestjs/schedule';
import {
  type AppConfig,
  createLogger,
  dataSourceOptions,
  isUniqueViolation,
  type MovableClock,
} from '@tiptop/platform';
import { DataSource } from 'typeorm';
import type { Alert } from '../../libs/ops/src/alerts/alerts';
import { Alerts } from '../../libs/ops/src/alerts/alerts';
import { formatBackupId } from '../../libs/ops/src/backups/backup-id';
import { BackupRun, type RunStatus } from '../../libs/ops/src/backups/backup-run.entity';
import { BackupRuns, type RunRequest } from '../../libs/ops/src/backups/backup-runs';
import { LocalBackups } from '../../libs/ops/src/local/local-backups';
import { BackupCalendar } from '../../libs/ops/src/schedule/backup-calendar';
import { BackupScheduler } from '../../libs/ops/src/schedule/backup-scheduler';
import { DrillRuns } from '../../libs/ops/src/schedule/drill-runs';
import { DrillSlots } from '../../libs/ops/src/schedule/drill-slots';
import { DueSlots } from '../../libs/ops/src/schedule/due-slots';
import { OperationLease } from '../../libs/ops/src/schedule/operation-lease';
import { SlotAlerts } from '../../libs/ops/src/schedule/slot-alerts';
import { schema } from '../../migrations/data-source';
import { opsConfig } from './ops-config';

const LEASE = { beatMs: 500, staleMs: 5000 };

/** What runs come to in this test, one after the other; succeeded where nothing is said. */
export interface RunScript {
  outcomes: Exclude<RunStatus, 'requested' | 'running'>[];
  /** How long a run takes; it is given up when its signal fires. */
  workMs: number;
  /** How many runs are under way, and the most that ever were. */
  now: number;
  most: number;
}

/** Runs that leave the rows of real ones, under the real lease, and back nothing up. */
export class RowRuns extends BackupRuns {
  readonly requests: RunRequest[] = [];
  recoveries = 0;
  private second = 0;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: MovableClock,
    private readonly database: DataSource,
    private readonly lease: OperationLease,
    private readonly script: RunScript,
  ) {
    super();
  }

  async run(request: RunRequest): Promise<BackupRun | undefined> {
    return this.lease.hold('backup', request.signal, async (signal, owner) =>
      this.runWithin(owner, { ...request, signal }),
    );
  }

  async runWithin(owner: string, request: RunRequest): Promise<BackupRun | undefined> {
    const { signal } = request;
    await this.bury();
    const id = await this.begin(request, owner);
    if (id === undefined) return undefined;
    this.requests.push(request);
    this.script.most = Math.max(this.script.most, ++this.script.now);
    await pause(this.script.workMs, undefined, { signal }).catch(() => undefined);
    this.script.now--;
    const outcome = signal.aborted ? 'failed' : (this.script.outcomes.shift() ?? 'succeeded');
    await this.database.query(`UPDATE backup_runs SET status = $2, finished_at = $3, manifest = $4 WHERE id = $1`, [
      id,
      outcome,
      this.clock.now(),
      outcome === 'failed' ? null : '{}',
    ]);
    return this.database.getRepository(BackupRun).findOneByOrFail({ id });
  }

  async recover(signal: AbortSignal): Promise<void> {
    this.recoveries++;
    await this.lease.hold('backup', signal, async () => this.bury());
  }

  private async bury(): Promise<void> {
    await this.database.query(
      `UPDATE backup_runs SET status = 'failed', finished_at = $2 WHERE environment = $1 AND status = 'running'`,
      [this.config.ops.environment, this.clock.now()],
    );
  }

  private async begin({ kind, trigger, slot, requested }: RunRequest, owner: string): Promise<string | undefined> {
    if (requested !== undefined) {
      const [, count] = await this.database.query<[unknown, number]>(
        `UPDATE backup_runs SET status = 'running', owner = $2 WHERE id = $1 AND status = 'requested'`,
        [requested, owner],
      );
      return count === 1 ? requested : undefined;
    }
    for (;;) {
      const id = formatBackupId({ kind, at: new Date(this.clock.now().getTime() + 1000 * this.second++) });
      try {
        await this.database.query(
          `INSERT INTO backup_runs (id, environment, kind, trigger, slot, status, owner, started_at)
           VALUES ($1, $2, $3, $4, $5, 'running', $6, $7)`,
          [id, this.config.ops.environment, kind, trigger, slot ?? null, owner, this.clock.now()],
        );
        return id;
      } catch (error) {
        if (isUniqueViolation(error, 'backup_runs_slot_key')) return undefined;
        if (!isUniqueViolation(error, 'backup_runs_pkey')) throw error;
      }
    }
  }
}

/** Drills that are counted. */
export class CountedDrills extends DrillRuns {
  count = 0;
  /** Thrown by the next one. */
  fault: Error | undefined;

  run(): Promise<void> {
    this.count++;
    const { fault } = this;
    this.fault = undefined;
    return fault ? Promise.reject(fault) : Promise.resolve();
  }
}

export class KeptAlerts extends Alerts {
  readonly sent: Alert[] = [];

  send(alert: Alert): Promise<readonly string[]> {
    this.sent.push(alert);
    return Promise.resolve([]);
  }
}

export interface ReplicaOptions {
  databaseUrl: string;
  backupDir: string;
  clock: MovableClock;
  script?: RunScript;
  drillKeyFile?: string;
}

export function script(changes: Partial<RunScript> = {}): RunScript {
  return { outcomes: [], workMs: 1, now: 0, most: 0, ...changes };
}

/** One process of the service that follows the calendar, as far as that is concerned: with a pool and a lease of its own. */
export class BackupReplica {
  readonly logged: string[] = [];
  readonly alerts = new KeptAlerts();
  readonly drills = new CountedDrills();
  /** How often it was looked whether all is well with the backups. */
  readonly watch = {
    looks: 0,
    look(): Promise<void> {
      this.looks++;
      return Promise.resolve();
    },
  };

  private constructor(
    readonly config: AppConfig,
    readonly database: DataSource,
    readonly runs: RowRuns,
    readonly slots: DueSlots,
    readonly local: LocalBackups,
    readonly lease: OperationLease,
    private readonly clock: MovableClock,
  ) {}

  static async start({ databaseUrl, backupDir, clock, drillKeyFile, ...rest }: ReplicaOptions): Promise<BackupReplica> {
    const config = opsConfig({ backupDir, drillKeyFile, backupCron: '0 2 * * *' }).with({ databaseUrl });
    const database = await new DataSource(dataSourceOptions(databaseUrl, schema, 3)).initialize();
    const lease = new OperationLease(config, createLogger('error', { write: () => undefined }), LEASE);
    const local = new LocalBackups(config, clock);
    const slots = new DueSlots(config, clock, new BackupCalendar(config), local, database);
    const runs = new RowRuns(config, clock, database, lease, rest.script ?? script());
    return new BackupReplica(config, database, runs, slots, local, lease, clock);
  }

  /** A new one each time: as a process that has just been started. */
  scheduler(): BackupScheduler {
    return new BackupScheduler(
      this.config,
      this.runs,
      this.drills,
      this.slots,
      new DrillSlots(this.config, this.clock, this.database),
      new SlotAlerts(this.config, this.alerts),
      this.watch,
      this.database,
      new SchedulerRegistry(),
      createLogger('info', { write: (line) => void this.logged.push(line) }),
    );
  }

  async stop(): Promise<void> {
    await this.database.destroy();
  }
}
