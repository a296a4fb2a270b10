import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Bytes read from a disk at once. */
const READ_BYTES = 1 << 20;

export interface HashedBytes {
  bytes: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

/** Counts and hashes what passes through. */
export class HashingStream extends Transform {
  private readonly hash = createHash('sha256');
  private bytes = 0;

  /** @param onBytes told how many bytes have passed so far, at each piece */
  constructor(private readonly onBytes?: (bytes: number) => void) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
    this.onBytes?.(this.bytes);
    done(null, chunk);
  }

  /** To be asked once, after the end. */
  result(): HashedBytes {
    return { bytes: this.bytes, sha256: this.hash.digest('hex') };
  }
}

/**
 * Writes a stream into a file, readable to its owner alone, and on to the disk; what was there is replaced.
 * @throws the stream's own fault, or the file system's: what is written by then stays
 */
export async function writeHashed(source: Readable, path: string, signal: AbortSignal): Promise<HashedBytes> {
  const hashing = new HashingStream();
  await pipeline(source, hashing, createWriteStream(path, { mode: 0o600 }), { signal });
  await syncToDisk(path);
  return hashing.result();
}

export async function hashFile(path: string, signal: AbortSignal): Promise<HashedBytes> {
  const hashing = new HashingStream();
  hashing.resume();
  await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), hashing, { signal });
  return hashing.result();
}

/** A file or a folder: what was written survives the machine's fall. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
