import { archiveName, type BackupId, manifestName, parseFileName } from '../backups/backup-id';
import type { BackupStore, StoredFile } from '../stores/backup-store';
import { KnownManifests, type ManifestFacts } from './known-manifests';
import type { Removal, RetentionPlace, Survey } from './retention-place';
import type { RetentionDecision } from './retention-plan';

type Listed = StoredFile & { kind: string };

/** The files of one backup in a store. */
interface StoredBackup {
  id: string;
  backup: BackupId;
  archive?: StoredFile;
  manifest?: StoredFile;
}

/** A store, as far as keeping and removing goes. */
export class StorePlace implements RetentionPlace {
  readonly name: string;
  readonly rules = 'store';
  readonly where: string;
  private readonly manifests: KnownManifests;

  constructor(private readonly store: BackupStore) {
    this.name = store.name;
    this.where = store.place;
    this.manifests = new KnownManifests(store);
  }

  async survey(time: Date | undefined, signal: AbortSignal): Promise<Survey> {
    const files = await this.store.list(signal);
    const { stored, unknown } = sorted(files);
    const readable = stored.flatMap(({ id, backup: { kind }, archive, manifest }) =>
      archive && manifest ? [{ id, kind, file: manifest }] : [],
    );
    const facts = await this.manifests.read(readable, signal);
    // By the store's clock alone, which has dated the files: this machine's may be wrong by weeks.
    const nowMs = time?.getTime() ?? Math.max(...files.map(({ modifiedAt }) => modifiedAt.getTime()));
    const survey: Survey = { backups: [], loneArchives: [], unknown, warnings: [] };
    for (const { id, backup, archive, manifest } of stored) {
      if (archive && manifest) {
        const read = soundFacts(facts.get(id), archive);
        if (typeof read === 'string') survey.warnings.push(`${backup.kind}/${manifest.name} ${read}`);
        else
          survey.backups.push({ id, ...backup, bytes: archive.bytes + manifest.bytes, quarantined: read.quarantined });
      } else if (manifest) {
        survey.warnings.push(`${backup.kind}/${manifest.name} has no archive beside it`);
      } else if (archive) {
        const ageMs = nowMs - archive.modifiedAt.getTime();
        survey.loneArchives.push({ id, ...backup, bytes: archive.bytes, ageMs });
      }
    }
    return { ...survey, unknown: [...unknown, ...survey.warnings] };
  }

  /**
   * The manifest first, as it came last: a crash in the middle leaves no manifest without its archive, and an archive
   * alone is removed by a later run. What a lock or a missing right keeps is left whole.
   */
  async remove({ id, kind, bytes, leftover }: RetentionDecision, signal: AbortSignal): Promise<Removal> {
    if (!leftover && (await this.store.remove(kind, manifestName(id), signal)) === 'kept') {
      return { kept: 'the store does not let it go (Object Lock, or no right to remove)' };
    }
    if ((await this.store.remove(kind, archiveName(id), signal)) === 'removed') return { bytes };
    const half = leftover ? '' : '; its manifest is removed, and a later run tries again';
    return { kept: `the store does not let its archive go (Object Lock, or no right to remove)${half}` };
  }

  sweep(signal: AbortSignal): Promise<number> {
    return this.store.sweep(signal);
  }
}

/** By backup; and what is not ours, or not in its place. */
function sorted(files: readonly Listed[]): { stored: StoredBackup[]; unknown: string[] } {
  const stored = new Map<string, StoredBackup>();
  const unknown: string[] = [];
  for (const file of files) {
    const name = parseFileName(file.name);
    if (!name || name.part === 'partial' || name.backup.kind !== file.kind) {
      unknown.push(`${file.kind}/${file.name} is not of a name that backups have here`);
      continue;
    }
    const { id, backup, part } = name;
    stored.set(id, { ...(stored.get(id) ?? { id, backup }), [part]: file });
  }
  return { stored: [...stored.values()], unknown };
}

/** @returns why the backup counts for nothing, where its files do not belong together */
function soundFacts(facts: ManifestFacts | string | undefined, archive: StoredFile): ManifestFacts | string {
  if (facts === undefined) return 'was not read';
  if (typeof facts === 'string' || facts.archiveBytes === archive.bytes) return facts;
  return `says that its archive has ${facts.archiveBytes} bytes, and it has ${archive.bytes}`;
}
