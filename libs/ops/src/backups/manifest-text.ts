import { createHash } from 'node:crypto';
import type { InnerManifest, Manifest } from './manifest';

/** manifest.json as it stands in an archive. Its keys keep their order, so that reading and writing it again changes nothing. */
export function contentsText(contents: InnerManifest): string {
  return `${JSON.stringify(contents, null, 2)}\n`;
}

/** The manifest that stands beside an archive. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** A manifest without what it says of the archive: what manifest.json in the archive says. */
export function contentsOf(manifest: Manifest): InnerManifest {
  const contents: Partial<Manifest> & InnerManifest = { ...manifest };
  delete contents.archive;
  return contents;
}

/** Says in a manifest what came of the archive. */
export function sealManifest(contents: InnerManifest, archive: { bytes: number; sha256: string }): Manifest {
  return { ...contents, archive: { ...archive, manifestSha256: sha256Of(contentsText(contents)) } };
}

/** In lower-case hexadecimal. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
