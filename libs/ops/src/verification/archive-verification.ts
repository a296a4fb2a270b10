import { Injectable } from '@nestjs/common';
import { AppConfig, Clock } from '@tiptop/platform';
import { ArchiveFault, type ArchiveFaultKind } from '../archive/archive-fault';
import { ArchiveReader } from '../archive/archive-reader';
import { bytesInWords } from '../artifacts/bytes-in-words';
import type { Manifest } from '../backups/manifest';
import type { BackupPlace } from './backup-place';
import { BackupPlaces } from './backup-places';
import { WorkFolder } from './work-folder';

/** A fetched archive in which nothing has changed for so long belongs to nobody. */
const LEFT_MS = 86_400_000;

export interface VerificationRequest {
  id: string;
  /** `local`, the default, or a store's name. */
  from?: string | undefined;
  /** Of a private key: the archive is opened. Without one it is hashed. */
  identityFile?: string | undefined;
  signal: AbortSignal;
  progress?: ((text: string, done?: number, whole?: number) => void) | undefined;
}

/** What became of a backup when it was read in full. */
export interface ArchiveVerdict {
  id: string;
  /** `local`, or the store's name. */
  place: string;
  passed: boolean;
  /** `hashed`: the archive against its manifest. `opened`: each file in it as well. */
  method: 'hashed' | 'opened';
  /** What is wrong; null where it passed. */
  fault: ArchiveFaultKind | null;
  /** For a person. */
  detail: string;
  /** As its manifest says; null where it is that which is at fault. */
  archive: { bytes: number; sha256: string; artifacts: number } | null;
  /** Why it fills no slot of the retention; null where it does. */
  quarantined: string | null;
}

/** Reads a backup in full, wherever it is kept, and says whether it is what it was when it was written. */
@Injectable()
export class ArchiveVerification {
  constructor(
    private readonly config: AppConfig,
    private readonly places: BackupPlaces,
    private readonly reader: ArchiveReader,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws StepFailure, StoreFailure where it can't be told: there is no such backup or place, no room, no answer, no
   * readable key
   */
  async verify(request: VerificationRequest): Promise<ArchiveVerdict> {
    const { id, from = 'local', identityFile } = request;
    const place = this.places.named(from);
    const method = identityFile === undefined ? 'hashed' : 'opened';
    let manifest: Manifest | undefined;
    const verdict = (detail: string, fault: ArchiveFaultKind | null): ArchiveVerdict => ({
      id,
      place: from,
      passed: fault === null,
      method,
      fault,
      detail,
      archive: archiveOf(manifest),
      quarantined: manifest?.quarantined ?? null,
    });
    try {
      manifest = await place.manifest(id, request.signal);
      const found =
        identityFile === undefined
          ? await this.hash(place, manifest, request)
          : await this.open(place, manifest, identityFile, request);
      return verdict(found, null);
    } catch (error) {
      if (error instanceof ArchiveFault) return verdict(error.message, error.kind);
      throw error;
    }
  }

  private async hash(
    place: BackupPlace,
    manifest: Manifest,
    { signal, progress }: VerificationRequest,
  ): Promise<string> {
    progress?.(`hashing ${bytesInWords(manifest.archive.bytes)}`);
    await place.check(manifest, signal);
    return 'the archive is as its manifest says; what is in it was not looked at, without a key';
  }

  private async open(
    place: BackupPlace,
    manifest: Manifest,
    identityFile: string,
    { id, signal, progress }: VerificationRequest,
  ): Promise<string> {
    let folder: WorkFolder | undefined;
    try {
      const archive = await place.fetch(
        manifest,
        async (name) => {
          progress?.(`fetching ${bytesInWords(manifest.archive.bytes)}`);
          folder = await this.folderFor(id, manifest);
          return folder.file(name);
        },
        signal,
      );
      const { contents } = await this.reader.open({ archive, identityFile, manifest, progress, signal });
      return `the archive is as its manifest says, and so is each of the ${contents.artifacts.length} files in it`;
    } finally {
      // What stays is swept by the next one.
      await folder?.remove().catch(() => undefined);
    }
  }

  private async folderFor(id: string, { archive }: Manifest): Promise<WorkFolder> {
    const { backupDir, reserveBytes } = this.config.ops;
    await WorkFolder.sweep(backupDir, 'verify', LEFT_MS, this.clock.now()).catch(() => undefined);
    return WorkFolder.make(backupDir, 'verify', id, { neededBytes: archive.bytes, reserveBytes });
  }
}

function archiveOf(manifest: Manifest | undefined): ArchiveVerdict['archive'] {
  if (!manifest) return null;
  const { bytes, sha256 } = manifest.archive;
  return { bytes, sha256, artifacts: manifest.artifacts.length };
}
