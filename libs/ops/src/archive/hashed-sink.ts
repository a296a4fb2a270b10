import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import type { HashedBytes } from '../artifacts/hashed-file';

type Done = (error?: Error | null) => void;

/** Held back at most, while the disk is busy. */
const HELD_BYTES = 1 << 20;

/**
 * A new file, readable to its owner alone: counted and hashed as it is written, and on the disk once the stream has
 * finished. What waits is written at one go.
 */
export class HashedSink extends Writable {
  private readonly hash = createHash('sha256');
  private bytes = 0;
  private file: FileHandle | undefined;

  constructor(private readonly path: string) {
    super({ highWaterMark: HELD_BYTES });
  }

  override _construct(done: Done): void {
    settle(
      open(this.path, 'wx', 0o600).then((file) => {
        this.file = file;
      }),
      done,
    );
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    settle(this.append([chunk]), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    settle(this.append(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    settle(this.opened.sync(), done);
  }

  override _destroy(error: Error | null, done: Done): void {
    const closed = this.file?.close() ?? Promise.resolve();
    settle(closed, (failure) => {
      done(error ?? failure);
    });
  }

  /** To be asked once, after the stream has finished. */
  result(): HashedBytes {
    return { bytes: this.bytes, sha256: this.hash.digest('hex') };
  }

  private get opened(): FileHandle {
    if (!this.file) throw new Error('The file is not open');
    return this.file;
  }

  private async append(chunks: Buffer[]): Promise<void> {
    let left = chunks;
    while (left.length > 0) {
      const { bytesWritten } = await this.opened.writev(left);
      left = rest(left, bytesWritten);
    }
    for (const chunk of chunks) {
      this.hash.update(chunk);
      this.bytes += chunk.length;
    }
  }
}

/** What is still to be written: a disk that is nearly full takes a part, and says so the next time. */
function rest(chunks: readonly Buffer[], written: number): Buffer[] {
  let skip = written;
  return chunks.flatMap((chunk) => {
    const left = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - left.length;
    return left.length === 0 ? [] : [left];
  });
}

function settle(work: Promise<unknown>, done: Done): void {
  work.then(
    () => {
      done();
    },
    (error: unknown) => {
      done(error as Error);
    },
  );
}
