import { Injectable } from '@nestjs/common';
import type { BackupRun } from '../../backups/backup-run.entity';
import { BackupRuns } from '../../backups/backup-runs';
import { StepFailure } from '../../backups/backup-source';
import { LocalBackups } from '../../local/local-backups';
import type { Underway } from '../deployment-watch';
import type { DatabaseVersion } from './rollback-point';

export interface BackupOfDatabase {
  database: DatabaseVersion;
  /** What it is degraded by. */
  warnings: readonly string[];
}

/** The backup that a snapshot goes with. */
@Injectable()
export class PreDeployBackup {
  constructor(
    private readonly runs: BackupRuns,
    private readonly local: LocalBackups,
  ) {}

  /**
   * Makes one, for whoever holds the lease of this installation.
   * @param owner for the run's row
   * @throws StepFailure where it fails
   */
  async make(owner: string, { signal, progress }: Underway): Promise<BackupOfDatabase> {
    const observer = {
      progress: (step: string, text: string): void => {
        progress(text === '' ? `backup: ${step}` : `backup: ${step}: ${text}`);
      },
      finished: (): void => undefined,
    };
    const run = await this.runs.runWithin(owner, { kind: 'pre-deploy', trigger: 'deployment', signal, observer });
    if (!run)
      throw new StepFailure('The backup of the database was not made: something else has taken its place', false);
    const { id, status, manifest, reason } = run;
    if (!manifest || (status !== 'succeeded' && status !== 'degraded')) {
      throw new StepFailure(`The backup ${id} of the database has failed: ${reason ?? 'it does not say why'}`, false);
    }
    return {
      database: {
        backup: id,
        sha256: manifest.archive.sha256,
        migration: manifest.database.migration,
        serverVersion: manifest.database.serverVersion,
      },
      warnings: status === 'succeeded' ? [] : reasonsOf(run).map((text) => `the backup ${id}: ${text}`),
    };
  }
  /**
   * Whether it is there still, and what it was: its archive is read in full.
   * @throws StepFailure
   */
  async verify({ backup, sha256 }: DatabaseVersion, { signal, progress }: Underway): Promise<void> {
    progress(`reading the backup ${backup}`);
    const { manifest } = await this.local.verify(backup, signal);
    if (manifest.archive.sha256 !== sha256) {
      throw new StepFailure(`The backup ${backup} is another one than the snapshot was made with`, false);
    }
  }
}

/** Why a run is degraded: what its steps say, and what stands in its manifest and in no step. */
function reasonsOf({ steps, manifest }: BackupRun): string[] {
  const unsound = steps.filter(({ status }) => status === 'degraded' || status === 'failed');
  const details = unsound.map(({ name, detail }) => `${name}: ${detail}`);
  const others = (manifest?.warnings ?? []).filter((warning) => !details.some((detail) => detail.includes(warning)));
  return [...details, ...others];
}
