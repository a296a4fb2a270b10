export { Alerter } from './alerts/alerter';
export { Alerts, type Alert } from './alerts/alerts';
export { Ages } from './archive/ages';
export { ArchiveFault, type ArchiveFaultKind } from './archive/archive-fault';
export type { OpenedArchive } from './archive/archive-passage';
export { ArchiveReader, type OpenRequest } from './archive/archive-reader';
export { type ArchivePlan, Archiver } from './archive/archiver';
export { bytesInWords } from './artifacts/bytes-in-words';
export {
  archiveName,
  BACKUP_KINDS,
  type BackupId,
  type BackupKind,
  formatBackupId,
  manifestName,
  parseBackupId,
  parseFileName,
} from './backups/backup-id';
export type { BackupReport } from './backups/backup-report';
export { BackupRun, type RunStatus } from './backups/backup-run.entity';
export { BackupRuns, type RunObserver, type RunRequest } from './backups/backup-runs';
export { StepFailure } from './backups/backup-source';
export { BackupVerification, type VerificationLevel } from './backups/backup-verification.entity';
export type { Artifact, InnerManifest, Manifest, StepReport } from './backups/manifest';
export { ManifestError } from './backups/manifest-fields';
export { parseManifest } from './backups/manifest-parser';
export { Deployer, type DeployRequest, type RollbackRequest } from './deployments/deployer';
export { DeploymentsModule } from './deployments/deployments.module';
export { Preparation, type Prepared } from './deployments/prepare/preparation';
export type { PrepareRequest } from './deployments/prepare/preparation-plan';
export {
  Deployment,
  DEPLOYMENT_KINDS,
  DEPLOYMENT_STATUSES,
  type DeploymentKind,
  type DeploymentStatus,
} from './deployments/records/deployment.entity';
export { DeploymentRegistry, type DeploymentRequest } from './deployments/records/deployment-registry';
export { durationSeconds, recoverySeconds } from './deployments/records/deployment-times';
export type { PinnedImage, Release } from './deployments/release';
export { SmokeFailure, type SmokeStep } from './deployments/smoke/smoke-failure';
export { SmokeJourney, type SmokeReport } from './deployments/smoke/smoke-journey';
export { type SmokeCast, SmokeStage } from './deployments/smoke/smoke-stage';
export { SmokeTrial } from './deployments/smoke/smoke-trial';
export type { Snapshot } from './deployments/snapshot/snapshots';
export { BackupHealth } from './health/backup-health';
export { BackupHealthModule } from './health/backup-health.module';
export type { BackupState } from './health/backup-state';
export { BackupStateReader } from './health/backup-state-reader';
export { BackupWatch } from './health/backup-watch';
export { OpsHttpModule } from './http/ops-http.module';
export { BackupNotFound, DeploymentNotFound, type OpsErrorCode } from './http/ops.errors';
export { BackupInventory, type Inventory, type KnownBackup } from './inventory/backup-inventory';
export type { KeyPair } from './keys/identity-file';
export { KeyPairs } from './keys/key-pairs';
export { Recipients } from './keys/recipients';
export { type Kpi, KPI_NAMES, type KpiName, type KpiSet } from './kpis/kpi';
export { DEFAULT_DAYS, Kpis, MOST_DAYS } from './kpis/kpis';
export { LocalBackups } from './local/local-backups';
export type { LocalBackup, LocalListing } from './local/local-listing';
export { OpsModule } from './ops.module';
export { Processes, ProcessFailure } from './processes/processes';
export { ReportFiles } from './reports/report-files';
export { reportHtml } from './reports/report-html';
export { reportText } from './reports/report-text';
export { Pruner } from './retention/pruner';
export type { PlacePlan, PruneOutcome, RetentionDecision, RetentionPlan } from './retention/retention-plan';
export { BackupScheduleModule } from './schedule/backup-schedule.module';
export { BackupScheduler } from './schedule/backup-scheduler';
export { OperationLease } from './schedule/operation-lease';
export { type Operation, OperationLeaseRow } from './schedule/operation-lease.entity';
export { OperationUnderWay } from './schedule/operation.errors';
export { type BackupStore, StoreFailure } from './stores/backup-store';
export { ArchiveVerification, type ArchiveVerdict } from './verification/archive-verification';
export type { DrillOutcome, DrillVerdict } from './verification/drill-outcome';
export { LeasedDrills } from './verification/drill-runs';
