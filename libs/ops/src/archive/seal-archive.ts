import { join } from 'node:path';
import type { HashedBytes } from '../artifacts/hashed-file';
import type { BackupContext } from '../backups/backup-source';
import type { Artifact, InnerManifest } from '../backups/manifest';
import { MANIFEST_FILE, SUMS_FILE } from '../backups/manifest-path';
import { contentsText, sha256Of } from '../backups/manifest-text';
import { InputRefused } from '../processes/child-input';
import type { Age } from './age';
import { HashedSink } from './hashed-sink';
import { formatSums } from './sha256-sums';
import { TarWriter } from './tar-writer';

/**
 * Writes a new file: the contents' tar, encrypted to their recipients. Its end is on the disk when this resolves.
 * @throws the first fault, as it came; the file stays as far as it was written
 */
export async function sealArchive(
  contents: InnerManifest,
  { folder, signal, progress }: BackupContext,
  age: Age,
  path: string,
): Promise<HashedBytes> {
  const tar = new TarWriter();
  const sink = new HashedSink(path);
  // What breaks first is the reason; all that breaks after it only says that something did.
  let reason: { error: unknown } | undefined;
  const note = (error: unknown): void => {
    if (!isEcho(error)) reason ??= { error };
  };
  sink.once('error', note);
  const filling = fill(tar, contents, folder, signal, progress).catch((error: unknown) => {
    note(error);
    tar.abandon(error as Error);
  });
  try {
    await age.encrypt(tar.stream, contents.recipients, sink, signal);
  } catch (error) {
    reason ??= { error };
    tar.abandon(error as Error);
  }
  await filling;
  if (reason) throw reason.error;
  return sink.result();
}

/** That age takes no more, or that its streams were cut, is what comes of its end: how it ended says why. */
function isEcho(error: unknown): boolean {
  return error instanceof InputRefused || (error as Error).name === 'AbortError';
}

/** manifest.json first: whoever reads the tar knows from the beginning what will come. */
async function fill(
  tar: TarWriter,
  contents: InnerManifest,
  folder: string,
  signal: AbortSignal,
  progress: BackupContext['progress'],
): Promise<void> {
  const at = new Date(contents.createdAt);
  const text = contentsText(contents);
  const artifacts = inOrder(contents.artifacts);
  const whole = artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  await tar.addText(MANIFEST_FILE, text, at);
  for (const artifact of artifacts) {
    await tar.addFile(artifact, join(folder, artifact.path), signal, (bytes) => {
      progress('archive', before + bytes, whole);
    });
    before += artifact.bytes;
  }
  const sums = [{ path: MANIFEST_FILE, sha256: sha256Of(text) }, ...artifacts];
  await tar.addText(SUMS_FILE, formatSums(sums), at);
  tar.end();
}

/** By the bytes of their paths, whatever the order in which they were made: the same on every machine. */
function inOrder(artifacts: readonly Artifact[]): Artifact[] {
  return artifacts.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}
