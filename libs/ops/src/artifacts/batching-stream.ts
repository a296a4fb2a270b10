import { Transform, type TransformCallback } from 'node:stream';

const BATCH_BYTES = 1 << 17;

/**
 * Gathers small pieces into larger ones. pg_dump writes 4 kB at a time, and each piece that passes through a stream costs
 * as much as hashing several times its bytes.
 */
export class BatchingStream extends Transform {
  private pieces: Buffer[] = [];
  private bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.pieces.push(chunk);
    this.bytes += chunk.length;
    if (this.bytes >= BATCH_BYTES) this.passOn();
    done();
  }

  override _flush(done: TransformCallback): void {
    this.passOn();
    done();
  }

  private passOn(): void {
    if (this.bytes === 0) return;
    this.push(Buffer.concat(this.pieces, this.bytes));
    this.pieces = [];
    this.bytes = 0;
  }
}
