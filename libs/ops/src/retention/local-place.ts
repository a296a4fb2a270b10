import { basename, relative } from 'node:path';
import { parseFileName } from '../backups/backup-id';
import type { LocalBackups } from '../local/local-backups';
import type { Removal, RetentionPlace, Survey } from './retention-place';
import type { RetentionDecision } from './retention-plan';

export const LOCAL = 'local';

/** BACKUP_DIR. What a broken run leaves there is swept by the next run; see LocalBackups.sweep. */
export class LocalPlace implements RetentionPlace {
  readonly name = LOCAL;
  readonly rules = 'local';

  constructor(
    private readonly local: LocalBackups,
    readonly where: string,
  ) {}

  async survey(): Promise<Survey> {
    const { backups, faults } = await this.local.list();
    const told = faults.map(({ path, reason }) => ({
      text: `${relative(this.where, path)} ${reason}`,
      ours: parseFileName(basename(path)) !== undefined,
    }));
    return {
      backups: backups.map(({ id, backup, manifest, bytes }) => ({
        id,
        ...backup,
        bytes,
        quarantined: manifest.quarantined,
      })),
      loneArchives: [],
      unknown: told.map(({ text }) => text),
      warnings: told.filter(({ ours }) => ours).map(({ text }) => text),
    };
  }

  async remove({ id }: RetentionDecision): Promise<Removal> {
    return { bytes: await this.local.remove(id) };
  }

  sweep(): Promise<number> {
    return Promise.resolve(0);
  }
}
