import { Inject, Module, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AppConfig, AuditModule, LOGGER } from '@tiptop/platform';
import type { Logger } from 'pino';
import { Alerter } from './alerts/alerter';
import { Alerts } from './alerts/alerts';
import { Ages } from './archive/ages';
import { ArchiveReader } from './archive/archive-reader';
import { Archiver } from './archive/archiver';
import { BackupMaker } from './backups/backup-maker';
import { BackupRun } from './backups/backup-run.entity';
import { BackupRunner } from './backups/backup-runner';
import { BackupRuns } from './backups/backup-runs';
import { BACKUP_SOURCES } from './backups/backup-sources.token';
import { BackupVerification } from './backups/backup-verification.entity';
import { LocalDumpHistory } from './backups/local-dump-history';
import { RunAftermath } from './backups/run-aftermath';
import { RunRegistry } from './backups/run-registry';
import { DatabaseSource } from './database/database-source';
import { DumpHistory } from './database/dump-history';
import { DumpVerifier } from './database/dump-verifier';
import { PgDump } from './database/pg-dump';
import { PostgresTools } from './database/postgres-tools';
import { ScratchRestore } from './database/scratch-restore';
import { ToolFolders } from './database/tool-folders';
import { Deployment } from './deployments/records/deployment.entity';
import { DeploymentRegistry } from './deployments/records/deployment-registry';
import { DeploymentBackups } from './deployments/snapshot/deployment-backups';
import { SnapshotFolders } from './deployments/snapshot/snapshot-folders';
import { DockerEngine } from './docker/docker-engine';
import { ImagesSource } from './docker/images-source';
import { ConfigurationSource } from './files/configuration-source';
import { JenkinsSource } from './files/jenkins-source';
import { BackupInventory } from './inventory/backup-inventory';
import { BackupHealthModule } from './health/backup-health.module';
import { BackupWatch } from './health/backup-watch';
import { KeyPairs } from './keys/key-pairs';
import { Recipients } from './keys/recipients';
import { Kpis } from './kpis/kpis';
import { LocalBackups } from './local/local-backups';
import { Processes } from './processes/processes';
import { ReportFiles } from './reports/report-files';
import { ProtectedBackups } from './retention/protected-backups';
import { Pruner } from './retention/pruner';
import { BackupCalendar } from './schedule/backup-calendar';
import { DrillRuns } from './schedule/drill-runs';
import { OperationLease } from './schedule/operation-lease';
import { SpaceCheck } from './space/space-check';
import type { BackupStore } from './stores/backup-store';
import { BACKUP_STORES } from './stores/backup-stores.token';
import { openStores } from './stores/open-stores';
import { ArchiveVerification } from './verification/archive-verification';
import { BackupPlaces } from './verification/backup-places';
import { Drill } from './verification/drill';
import { LeasedDrills } from './verification/drill-runs';
import { RestoreCheck } from './verification/restore-check';
import { VerificationLog } from './verification/verification-log';

/** What is backed up, in the order of the process. */
const SOURCES = [DatabaseSource, ImagesSource, ConfigurationSource, JenkinsSource] as const;

const PROVIDERS: Provider[] = [
  // Programs, and what they work on.
  Processes,
  ToolFolders,
  PostgresTools,
  PgDump,
  DumpVerifier,
  ScratchRestore,
  { provide: DumpHistory, useClass: LocalDumpHistory },
  DockerEngine,
  ...SOURCES,
  { provide: BACKUP_SOURCES, inject: [...SOURCES], useFactory: (...sources: unknown[]) => sources },
  // Keys, archives, places.
  KeyPairs,
  Recipients,
  Ages,
  Archiver,
  ArchiveReader,
  LocalBackups,
  { provide: BACKUP_STORES, inject: [AppConfig, LOGGER], useFactory: storesOf },
  SpaceCheck,
  SnapshotFolders,
  { provide: ProtectedBackups, useClass: DeploymentBackups },
  Pruner,
  BackupInventory,
  // Trials of what was made.
  VerificationLog,
  BackupPlaces,
  RestoreCheck,
  ArchiveVerification,
  Drill,
  LeasedDrills,
  { provide: DrillRuns, useExisting: LeasedDrills },
  BackupWatch,
  // Runs.
  OperationLease,
  BackupCalendar,
  RunRegistry,
  { provide: Alerts, useClass: Alerter },
  ReportFiles,
  RunAftermath,
  BackupMaker,
  BackupRunner,
  { provide: BackupRuns, useExisting: BackupRunner },
  // Records of deployments, and the figures from all of this.
  DeploymentRegistry,
  Kpis,
];

/** Backups: made, kept, tried out. */
@Module({
  imports: [AuditModule, TypeOrmModule.forFeature([BackupRun, BackupVerification, Deployment]), BackupHealthModule],
  providers: PROVIDERS,
  exports: PROVIDERS,
})
export class OpsModule implements OnApplicationShutdown {
  constructor(@Inject(BACKUP_STORES) private readonly stores: readonly BackupStore[]) {}

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.stores.map(async (store) => store.close()));
  }
}

function storesOf({ ops }: AppConfig, logger: Logger): BackupStore[] {
  return openStores(ops, logger);
}
