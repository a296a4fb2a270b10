import { createReadStream } from 'node:fs';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type HashedBytes, HashingStream } from '../artifacts/hashed-file';
import type { InnerManifest } from '../backups/manifest';
import type { Age } from './age';
import { ArchiveWalk, type WalkOptions } from './archive-walk';

/** Read at once. */
const PIECE = 128 * 1024;

/** An archive that was read to its end and found sound: its size and SHA-256, and what it holds. */
export interface OpenedArchive extends HashedBytes {
  contents: InnerManifest;
  /** Of its manifest.json. */
  manifestSha256: string;
}

/** One way through an archive: from the disk, hashed, decrypted, and walked. */
export class ArchivePassage {
  private readonly walk: ArchiveWalk;
  private readonly plain = new Counter();

  constructor(options: WalkOptions) {
    this.walk = new ArchiveWalk(options);
  }

  /** How far it came. */
  get state(): { plainBytes: number; artifactBytes: number | undefined } {
    const artifacts = this.walk.manifest?.contents.artifacts;
    return { plainBytes: this.plain.bytes, artifactBytes: artifacts?.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  /** @throws AgeFault, ArchiveFault, StepFailure, the file system's fault: whichever was the reason of the others */
  async open(archive: string, identityFile: string, age: Age, signal: AbortSignal): Promise<OpenedArchive> {
    const { plain } = this;
    const file = createReadStream(archive, { highWaterMark: PIECE });
    const hashing = new HashingStream();
    const fed = pipeline(file, hashing).catch(() => undefined);
    // What the walk finds wrong while there is more to come is the reason of what comes of it; after the end, it may be
    // that the end came too early.
    let midway: unknown;
    const walked = this.walk.read(plain).then(
      (manifest) => ({ manifest }),
      (error: unknown) => {
        if (!plain.writableEnded && error !== plain.errored) midway = error;
        return { error };
      },
    );
    try {
      await age.decrypt(hashing, identityFile, plain, signal);
    } catch (error) {
      plain.destroy(error as Error);
      // With a reason: a pipeline waits for ever for the end of a file that was read whole and is destroyed without one.
      file.destroy(error as Error);
      await Promise.all([fed, walked]);
      throw ownFault(file.errored) ?? midway ?? error;
    }
    const [, outcome] = await Promise.all([fed, walked]);
    if (!('manifest' in outcome)) throw outcome.error;
    const { contents, sha256: manifestSha256 } = outcome.manifest;
    return { contents, manifestSha256, ...hashing.result() };
  }
}

/** Counts what passes. */
class Counter extends Transform {
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    done(null, chunk);
  }
}

/** What broke when the file was read; undefined where it only heard of what broke elsewhere. */
function ownFault(error: NodeJS.ErrnoException | null): Error | undefined {
  return error?.syscall === 'open' || error?.syscall === 'read' ? error : undefined;
}
