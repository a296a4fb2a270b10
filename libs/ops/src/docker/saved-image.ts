import { createReadStream, createWriteStream } from 'node:fs';
import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { type HashedBytes, HashingStream, syncToDisk } from '../artifacts/hashed-file';
import { ImageArchive } from './image-archive';
import { checkImageArchive, ImageArchiveFault } from './image-archive-check';

/**
 * Measured on 500 MB of programs and libraries: level 2 at 74 MB/s to 30.4 %, level 4 at 47 MB/s to 28.6 %, level 6 at
 * 29 MB/s to 27.6 %.
 */
const GZIP_LEVEL = 2;
const TAIL_BYTES = 4096;
/** How an engine tells, after bytes that it has already sent, that it can't go on. */
const ENGINE_ERROR = /\{"errorDetail":\{.*?"message":"((?:[^"\\]|\\.)*)"/;

/** An image's archive as a file. */
export interface SavedImage extends HashedBytes {
  layers: number;
}

/**
 * Writes the tar of `docker save` into a file, compressed.
 * @throws Error where the stream breaks or the disk is full, ImageArchiveFault where the engine has written an error
 */
export async function writeImage(
  tar: Readable,
  path: string,
  signal: AbortSignal,
  progress: (bytes: number) => void,
): Promise<HashedBytes> {
  const passing = new Passing(progress);
  const hashing = new HashingStream();
  const file = createWriteStream(path, { mode: 0o600 });
  await pipeline(tar, passing, createGzip({ level: GZIP_LEVEL }), hashing, file, { signal });
  const error = ENGINE_ERROR.exec(passing.tail.toString('latin1'))?.[1];
  if (error !== undefined) throw new ImageArchiveFault(`the engine broke it off: ${error}`);
  await syncToDisk(path);
  return hashing.result();
}

/**
 * Reads such a file in full: its bytes as they were written, every member of the archive, and that it is the image.
 * @throws ImageArchiveFault
 */
export async function verifyImage(
  path: string,
  written: HashedBytes,
  id: string,
  signal: AbortSignal,
): Promise<SavedImage> {
  const hashing = new HashingStream();
  const archive = await ImageArchive.read([createReadStream(path), hashing, createGunzip()], signal).catch(
    (error: unknown) => {
      if (signal.aborted) throw error;
      throw new ImageArchiveFault(`it can’t be read: ${(error as Error).message}`);
    },
  );
  const { bytes, sha256 } = hashing.result();
  if (bytes !== written.bytes || sha256 !== written.sha256) throw new ImageArchiveFault('its file is not as written');
  return { ...written, layers: checkImageArchive(archive, id) };
}

/** Tells how much has passed, and keeps the end of it. */
class Passing extends Transform {
  tail = Buffer.alloc(0);
  private bytes = 0;

  constructor(private readonly progress: (bytes: number) => void) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    this.tail = Buffer.concat([this.tail, chunk]).subarray(-TAIL_BYTES);
    this.progress(this.bytes);
    done(null, chunk);
  }
}
