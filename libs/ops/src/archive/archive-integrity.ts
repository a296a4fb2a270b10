import { hashFile } from '../artifacts/hashed-file';
import type { Manifest } from '../backups/manifest';
import { ArchiveFault } from './archive-fault';

/** @throws ArchiveFault where an archive has not the size that its manifest says */
export function requireSize(archive: string, size: number, { archive: { bytes } }: Manifest): void {
  if (size === bytes) return;
  if (size < bytes) throw new ArchiveFault('cut-off', `${archive} is cut off: it has ${size} bytes of ${bytes}`);
  throw new ArchiveFault('damaged', `${archive} is not as it was written: it has ${size} bytes, not ${bytes}`);
}

/** @throws ArchiveFault where a byte of an archive is not what its manifest says */
export async function requireSha256(
  archive: string,
  manifest: Manifest,
  fault: Error | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { sha256 } = await hashFile(archive, signal);
  if (sha256 === manifest.archive.sha256) return;
  const text = `${archive} is not as it was written: its SHA-256 is ${sha256}, and its manifest says ${manifest.archive.sha256}`;
  throw new ArchiveFault('damaged', fault ? `${text} (${fault.message})` : text, { cause: fault });
}
