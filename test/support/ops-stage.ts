import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  type Alert,
  Alerts,
  type BackupRun,
  BackupRuns,
  type BackupStore,
  LocalBackups,
  OpsModule,
  type RunRequest,
} from '@tiptop/ops';
import {
  type AppConfig,
  ClockModule,
  ConfigModule,
  createLogger,
  DatabaseModule,
  LoggingModule,
  MovableClock,
  type OpsConfig,
} from '@tiptop/platform';
import { DataSource } from 'typeorm';
import type { BackupSource } from '../../libs/ops/src/backups/backup-source';
import { BACKUP_SOURCES } from '../../libs/ops/src/backups/backup-sources.token';
import { BACKUP_STORES } from '../../libs/ops/src/stores/backup-stores.token';
import { RestoreCheck } from '../../libs/ops/src/verification/restore-check';
import { schema } from '../../migrations/data-source';
import { testConfig } from './test-app';

export interface StageOptions {
  /** On which the schema stands; the service's own. */
  databaseUrl: string;
  ops?: Partial<OpsConfig>;
  config?: (config: AppConfig) => AppConfig;
  /** In place of those of the configuration. */
  stores?: readonly BackupStore[];
  sources?: readonly BackupSource[];
  /** In place of restoring into a scratch database. */
  restoreCheck?: Pick<RestoreCheck, 'verify'>;
  /** Heard unless told otherwise; `real`: sent. */
  alerts?: 'heard' | 'real';
  clock?: MovableClock;
}

/** Alerts as they were sent, in their order. */
export class HeardAlerts extends Alerts {
  readonly heard: Alert[] = [];

  send(alert: Alert): Promise<readonly string[]> {
    this.heard.push(alert);
    return Promise.resolve([]);
  }

  /** Subjects and texts of a level. */
  of(level: Alert['level']): string[] {
    return this.heard.filter((alert) => alert.level === level).map(({ subject, text }) => `${subject}: ${text}`);
  }
}

/** What makes backups, wired as in the service, on a folder of its own, with alerts that are heard and a clock that can be moved. */
export class OpsStage {
  private constructor(
    readonly module: TestingModule,
    readonly config: AppConfig,
    readonly clock: MovableClock,
    readonly alerts: HeardAlerts,
    readonly log: string[],
    private readonly folder: string,
  ) {}

  static async set(options: StageOptions): Promise<OpsStage> {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-ops-'));
    const base = testConfig(options.databaseUrl, { dataDir: join(folder, 'data') });
    const ops: OpsConfig = {
      ...base.ops,
      backupDir: join(folder, 'backups'),
      reserveBytes: 1_000_000,
      retrySeconds: 0,
      stallSeconds: 20,
      stepSeconds: 120,
      ...options.ops,
    };
    const config = (options.config ?? ((same) => same))(base.with({ ops }));
    const clock = options.clock ?? new MovableClock();
    const alerts = new HeardAlerts();
    const log: string[] = [];
    const builder = Test.createTestingModule({
      imports: [
        ConfigModule.register(config),
        LoggingModule.register(createLogger('info', { write: (line) => void log.push(line) })),
        ClockModule.register(clock),
        DatabaseModule.register(schema),
        OpsModule,
      ],
    });
    if (options.alerts !== 'real') builder.overrideProvider(Alerts).useValue(alerts);
    if (options.stores) builder.overrideProvider(BACKUP_STORES).useValue(options.stores);
    if (options.sources) builder.overrideProvider(BACKUP_SOURCES).useValue(options.sources);
    if (options.restoreCheck) builder.overrideProvider(RestoreCheck).useValue(options.restoreCheck);
    const module = await builder.compile();
    await module.init();
    return new OpsStage(module, config, clock, alerts, log, folder);
  }

  get runs(): BackupRuns {
    return this.module.get(BackupRuns, { strict: false });
  }

  get local(): LocalBackups {
    return this.module.get(LocalBackups, { strict: false });
  }

  get database(): DataSource {
    return this.module.get(DataSource, { strict: false });
  }

  /** A run that is expected to take place. */
  async run(request: Partial<RunRequest> = {}): Promise<BackupRun> {
    const signal = new AbortController().signal;
    const run = await this.runs.run({ kind: 'manual', trigger: 'manual', signal, ...request });
    if (!run) throw new Error('The run has not taken place');
    return run;
  }

  /** Names below the folder of backups, without the reports. */
  async files(): Promise<string[]> {
    const names = await readdir(this.config.ops.backupDir, { recursive: true }).catch(() => []);
    return names.filter((name) => /\.(age|json|partial)$/.test(name) && !name.startsWith('reports')).sort();
  }

  async strike(): Promise<void> {
    await this.module.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
