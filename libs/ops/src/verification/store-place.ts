import { ArchiveFault } from '../archive/archive-fault';
import { requireSize } from '../archive/archive-integrity';
import { archiveName, manifestName, parseBackupId, parseFileName } from '../backups/backup-id';
import { StepFailure } from '../backups/backup-source';
import type { Manifest } from '../backups/manifest';
import { ManifestError } from '../backups/manifest-fields';
import { parseManifest } from '../backups/manifest-parser';
import type { BackupStore, FileHash } from '../stores/backup-store';
import type { BackupPlace } from './backup-place';
import { type Patience, patiently } from './patience';

/** A store. What fails there and may pass is tried again. */
export class StorePlace implements BackupPlace {
  readonly name: string;

  constructor(
    private readonly store: BackupStore,
    private readonly patience: Patience,
  ) {
    this.name = store.name;
  }

  async ids(signal: AbortSignal): Promise<readonly string[]> {
    const files = await patiently(this.patience, signal, () => this.store.list(signal));
    const found = files.flatMap(({ kind, name }) => {
      const file = parseFileName(name);
      return file?.part === 'manifest' && file.backup.kind === kind ? [file] : [];
    });
    found.sort((a, b) => b.backup.at.getTime() - a.backup.at.getTime() || (a.id < b.id ? -1 : 1));
    return found.map(({ id }) => id);
  }

  async manifest(id: string, signal: AbortSignal): Promise<Manifest> {
    const name = manifestName(id);
    const text = await patiently(this.patience, signal, () => this.store.read(kindOf(id), name, signal));
    const what = `The manifest of ${id} in ${this.name}`;
    let manifest: Manifest;
    try {
      manifest = parseManifest(text);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      throw new ArchiveFault('manifest', `${what} is not sound: ${error.message}`, { cause: error });
    }
    if (manifest.id !== id) throw new ArchiveFault('manifest', `${what} is of the backup ${manifest.id}`);
    return manifest;
  }

  fetchedBytes({ archive }: Manifest): number {
    return archive.bytes;
  }

  async fetch(manifest: Manifest, target: (name: string) => Promise<string>, signal: AbortSignal): Promise<string> {
    const { id } = manifest;
    const name = archiveName(id);
    const path = await target(name);
    const came = await patiently(this.patience, signal, () => this.store.download(kindOf(id), name, path, signal));
    this.require(came, manifest);
    return path;
  }

  async check(manifest: Manifest, signal: AbortSignal): Promise<void> {
    const { id } = manifest;
    const name = archiveName(id);
    this.require(await patiently(this.patience, signal, () => this.store.hash(kindOf(id), name, signal)), manifest);
  }

  private require({ bytes, sha256 }: FileHash, manifest: Manifest): void {
    const what = `${archiveName(manifest.id)} in ${this.name}`;
    requireSize(what, bytes, manifest);
    if (sha256 === manifest.archive.sha256) return;
    const text = `${what} is not as it was written: its SHA-256 is ${sha256}, and its manifest says ${manifest.archive.sha256}`;
    throw new ArchiveFault('damaged', text);
  }
}

function kindOf(id: string): string {
  const backup = parseBackupId(id);
  if (!backup) throw new StepFailure(`${JSON.stringify(id)} is no backup’s name`, false);
  return backup.kind;
}
