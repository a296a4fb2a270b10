import type { FileHash } from '../stores/backup-store';
import type { BackupStore } from '../stores/backup-store';
import { archiveName, manifestName } from './backup-id';
import { StepFailure } from './backup-source';
import { sha256Of } from './manifest-text';
import type { LocalBackup } from '../local/local-listing';
import { readFile } from 'node:fs/promises';

/** Tells how many of how many bytes. */
type Progress = (text: string, done?: number, whole?: number) => void;

/**
 * Copies a local backup into a store: the archive, read back in full, and only then its manifest, read back as well. So where
 * there is a manifest in a store, there is an archive that was found whole. May be called again after a failure.
 * @throws StoreFailure, StepFailure where the store keeps something else than it was given
 */
export async function copyToStore(
  store: BackupStore,
  local: LocalBackup,
  signal: AbortSignal,
  progress: Progress,
): Promise<void> {
  const { id, manifest, backup, archivePath, manifestPath } = local;
  const { kind } = backup;
  const { bytes, sha256 } = manifest.archive;
  const archive = archiveName(id);
  await store.put({ kind, name: archive, path: archivePath, bytes, sha256 }, signal, (sent) => {
    progress('sending', sent, bytes);
  });
  progress('reading it back');
  await requireSame(store, kind, archive, { bytes, sha256 }, signal);
  const text = await readFile(manifestPath, 'utf8');
  const own = { bytes: Buffer.byteLength(text), sha256: sha256Of(text) };
  const name = manifestName(id);
  await store.put({ kind, name, path: manifestPath, ...own, refuseExisting: true }, signal);
  try {
    await requireSame(store, kind, name, own, signal);
  } catch (error) {
    // With it the backup would count. Where it can't be removed, retention reads it, and finds that it is not sound.
    await store.remove(kind, name, signal).catch(() => undefined);
    throw error;
  }
}

async function requireSame(
  store: BackupStore,
  kind: string,
  name: string,
  expected: FileHash,
  signal: AbortSignal,
): Promise<void> {
  const found = await store.hash(kind, name, signal);
  if (found.bytes !== expected.bytes) {
    throw new StepFailure(`${store.place} keeps ${found.bytes} bytes of ${name}, where ${expected.bytes} were sent`);
  }
  if (found.sha256 !== expected.sha256) {
    throw new StepFailure(`${store.place} keeps ${name} with other bytes than were sent: its SHA-256 is another`);
  }
}
