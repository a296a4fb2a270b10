import type { Manifest } from '../backups/manifest';
import type { LocalBackups } from '../local/local-backups';
import type { BackupPlace } from './backup-place';

/** The local folder of backups: nothing has to be fetched from it. */
export class LocalPlace implements BackupPlace {
  readonly name = 'local';

  constructor(private readonly local: LocalBackups) {}

  async ids(): Promise<readonly string[]> {
    return (await this.local.list()).backups.map(({ id }) => id);
  }

  async manifest(id: string): Promise<Manifest> {
    return (await this.local.get(id)).manifest;
  }

  fetchedBytes(): number {
    return 0;
  }

  async fetch({ id }: Manifest): Promise<string> {
    return (await this.local.get(id)).archivePath;
  }

  async check({ id }: Manifest, signal: AbortSignal): Promise<void> {
    await this.local.verify(id, signal);
  }
}
