import type { Manifest } from '../backups/manifest';

/** A place that keeps backups, to be read from: the local folder, or a store. */
export interface BackupPlace {
  /** `local`, or the store's name. */
  readonly name: string;
  /** Those with a manifest, newest first. @throws StepFailure, StoreFailure, as all the others */
  ids(signal: AbortSignal): Promise<readonly string[]>;
  /** A backup's manifest, which holds itself. */
  manifest(id: string, signal: AbortSignal): Promise<Manifest>;
  /** Bytes that {@link fetch} writes. */
  fetchedBytes(manifest: Manifest): number;
  /**
   * Brings a backup's archive to this machine, where it is not there already.
   * @param target makes the path for it, by its name; asked where there is something to be fetched
   * @returns its path
   * @throws ArchiveFault as well, where what came is not what was stored
   */
  fetch(manifest: Manifest, target: (name: string) => Promise<string>, signal: AbortSignal): Promise<string>;
  /**
   * Reads a backup's archive in full, where it is.
   * @throws ArchiveFault as well, where it is not what its manifest says
   */
  check(manifest: Manifest, signal: AbortSignal): Promise<void>;
}
