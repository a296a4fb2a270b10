import { Injectable } from '@nestjs/common';
import { StepFailure } from '../../backups/backup-source';
import { ProtectedBackups } from '../../retention/protected-backups';
import { SnapshotFolders } from './snapshot-folders';

/**
 * The backups that rollback points go with. They are those of every snapshot there is, and not of the running version and its
 * predecessor alone: a snapshot whose backup is gone is none, and their own retention, which knows what runs, keeps them few.
 *
 * They are read from the folder and not from the database: it is there wherever backups are pruned, `ops` sees it as it is,
 * and it does not go back in time with a restored database.
 */
@Injectable()
export class DeploymentBackups extends ProtectedBackups {
  constructor(private readonly folders: SnapshotFolders) {
    super();
  }

  /** @throws StepFailure where one can't be read: it might be any backup that it needs */
  async ids(): Promise<ReadonlyMap<string, string>> {
    const { snapshots, faults } = await this.folders.list();
    const [fault] = faults;
    if (fault) throw new StepFailure(`The snapshot ${fault.tag} can’t be read: ${fault.why}`, false);
    return new Map(snapshots.map(({ tag, database }) => [database.backup, `goes with the rollback point ${tag}`]));
  }
}
