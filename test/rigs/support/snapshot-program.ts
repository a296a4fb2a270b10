import { type AppConfig, createLogger, loadConfig, SystemClock } from '../../../libs/platform/src';
import type { BackupRun } from '../../../libs/ops/src/backups/backup-run.entity';
import type { BackupRuns } from '../../../libs/ops/src/backups/backup-runs';
import { ContainerEngine } from '../../../libs/ops/src/deployments/containers/container-engine';
import { EngineProgram } from '../../../libs/ops/src/deployments/containers/engine-program';
import type { Release } from '../../../libs/ops/src/deployments/release';
import { ImageKeeper } from '../../../libs/ops/src/deployments/snapshot/image-keeper';
import { PreDeployBackup } from '../../../libs/ops/src/deployments/snapshot/pre-deploy-backup';
import { RegistryClient } from '../../../libs/ops/src/deployments/snapshot/registry/registry-client';
import { RegistryTrust } from '../../../libs/ops/src/deployments/snapshot/registry/registry-trust';
import { SnapshotFiles } from '../../../libs/ops/src/deployments/snapshot/snapshot-files';
import { SnapshotFolders } from '../../../libs/ops/src/deployments/snapshot/snapshot-folders';
import { SnapshotPruner } from '../../../libs/ops/src/deployments/snapshot/snapshot-pruner';
import { Snapshots } from '../../../libs/ops/src/deployments/snapshot/snapshots';
import { TagRemoval } from '../../../libs/ops/src/deployments/snapshot/tag-removal';
import { DockerEngine } from '../../../libs/ops/src/docker/docker-engine';
import type { LocalBackups } from '../../../libs/ops/src/local/local-backups';
import { Processes } from '../../../libs/ops/src/processes/processes';

/** What a process of its own is to do; JSON in its first argument. */
export interface SnapshotTask {
  /** DEPLOY_PATH, DATA_DIR, DOCKER_HOST. */
  home: string;
  dataDir: string;
  dockerHost: string;
  release: Release;
  /** Kills itself, with -9, where it is told of this. */
  killAt: string;
}

/** What backs the database up, and where that is then. */
export interface Backups {
  runs: BackupRuns;
  local: LocalBackups;
}

/** Snapshots as the service wires them, on a real engine; with backups that are given. */
export function snapshotsOn(
  config: AppConfig,
  { runs, local }: Backups,
  engine?: ContainerEngine,
  clock = new SystemClock(),
): { snapshots: Snapshots; client: RegistryClient } {
  const logger = createLogger('silent');
  const used = engine ?? new ContainerEngine(new EngineProgram(config, new Processes()));
  const folders = new SnapshotFolders(config);
  const files = new SnapshotFiles(config);
  const client = new RegistryClient(config, new RegistryTrust(new DockerEngine(config)));
  const keeper = new ImageKeeper(config, used);
  const pruner = new SnapshotPruner(config, folders, files, keeper, new TagRemoval(client), logger);
  const backup = new PreDeployBackup(runs, local);
  return { snapshots: new Snapshots(clock, folders, files, keeper, backup, client, pruner, logger), client };
}

/** Backups that are made of nothing: for tests of what comes before and after them. */
export function givenBackups(): Backups {
  let count = 0;
  const archive = { sha256: 'a'.repeat(64) };
  const runWithin = (): Promise<Partial<BackupRun>> => {
    const id = `pre-deploy-20261122T0200${String(count++).padStart(2, '0')}Z`;
    const database = { migration: null, serverVersion: '15.18' };
    const manifest = {
      archive: { sha256: 'a'.repeat(64) },
      database,
      warnings: [],
    } as unknown as BackupRun['manifest'];
    return Promise.resolve({ id, status: 'succeeded', reason: null, steps: [], manifest });
  };
  const verify = (): Promise<unknown> => Promise.resolve({ manifest: { archive } });
  return { runs: { runWithin } as unknown as BackupRuns, local: { verify } as unknown as LocalBackups };
}

async function main({ home, dataDir, dockerHost, release, killAt }: SnapshotTask): Promise<void> {
  const base = loadConfig({
    NODE_ENV: 'test',
    DATA_DIR: dataDir,
    OPS_ENVIRONMENT: 'prod',
    DEPLOY_PATH: home,
    DOCKER_HOST: dockerHost,
  });
  const { snapshots } = snapshotsOn(base, givenBackups());
  const progress = (text: string): void => {
    if (!text.includes(killAt)) return;
    process.kill(process.pid, 'SIGKILL');
    // Until the signal arrives nothing else may happen.
    for (;;);
  };
  await snapshots.take({ release, deployment: 'killed' }, { signal: new AbortController().signal, progress });
}

const [, program, task] = process.argv;
if (program?.endsWith('snapshot-program.js') === true && task !== undefined)
  void main(JSON.parse(task) as SnapshotTask);
