import { type BackupKind, manifestName } from '../backups/backup-id';
import { ManifestError } from '../backups/manifest-fields';
import { parseManifest } from '../backups/manifest-parser';
import { type BackupStore, StoreFailure, type StoredFile } from '../stores/backup-store';

const AT_ONCE = 8;

/** What of a manifest decides on its backup's stay. */
export interface ManifestFacts {
  quarantined: string | null;
  archiveBytes: number;
}

/** A backup's manifest in a store. */
export interface StoredManifest {
  id: string;
  kind: BackupKind;
  file: StoredFile;
}

/** The manifests in one store. Each is read once: it is never changed, and a store keeps some hundred of them. */
export class KnownManifests {
  private known = new Map<string, ManifestFacts>();

  constructor(private readonly store: BackupStore) {}

  /**
   * @returns by id what each says, or why it can't be told
   * @throws StoreFailure where the store can't be asked at present
   */
  async read(manifests: readonly StoredManifest[], signal: AbortSignal): Promise<Map<string, ManifestFacts | string>> {
    const answers = new Map<string, ManifestFacts | string>();
    const known = new Map<string, ManifestFacts>();
    await atMost(AT_ONCE, manifests, async (manifest) => {
      const key = keyOf(manifest);
      const answer = this.known.get(key) ?? (await this.readOne(manifest, signal));
      answers.set(manifest.id, answer);
      if (typeof answer !== 'string') known.set(key, answer);
    });
    // Those that are gone are forgotten.
    this.known = known;
    return answers;
  }

  private async readOne({ id, kind }: StoredManifest, signal: AbortSignal): Promise<ManifestFacts | string> {
    try {
      const manifest = parseManifest(await this.store.read(kind, manifestName(id), signal));
      if (manifest.id !== id) return `is the manifest of ${manifest.id}`;
      return { quarantined: manifest.quarantined, archiveBytes: manifest.archive.bytes };
    } catch (error) {
      if (error instanceof ManifestError) return `is not sound: ${error.message}`;
      if (error instanceof StoreFailure && !error.mayPass && !signal.aborted) return `can’t be read: ${error.message}`;
      throw error;
    }
  }
}

function keyOf({ id, file }: StoredManifest): string {
  return `${id} ${file.bytes} ${file.modifiedAt.getTime()}`;
}

/** Does something for each item, for so many at once. After a failure no more are begun. */
async function atMost<T>(count: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const one = async (): Promise<void> => {
    try {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
    } catch (error) {
      waiting.length = 0;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: count }, one));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
