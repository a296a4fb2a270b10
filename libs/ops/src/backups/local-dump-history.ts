import { Injectable } from '@nestjs/common';
import { DumpHistory } from '../database/dump-history';
import { LocalBackups } from '../local/local-backups';

/** Earlier dumps as the manifests in the local folder tell them, so that a restored database does not change the measure. */
@Injectable()
export class LocalDumpHistory extends DumpHistory {
  constructor(private readonly local: LocalBackups) {
    super();
  }

  async sizes(count: number): Promise<readonly number[]> {
    const { backups } = await this.local.list();
    return backups
      .filter(({ manifest }) => manifest.quarantined === null)
      .slice(0, count)
      .map(({ manifest }) => manifest.database.dumpBytes);
  }
}
