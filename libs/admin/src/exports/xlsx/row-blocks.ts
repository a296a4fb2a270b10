import type { Pace } from '../pace';
import { LINE_FEED } from './copy-text';

/** As it was read, taken out of the protocol and cut, and some six times as much as XML. */
const BUFFERS_PER_BYTE = 9;
const NOTHING = Buffer.alloc(0);

/** Cuts what comes in COPY's text format into blocks of whole rows. */
export class RowBlocks {
  private readonly chunks: AsyncIterator<Buffer>;
  private begun: Buffer = NOTHING;
  private rows: Buffer = NOTHING;

  constructor(
    source: AsyncIterable<Buffer>,
    private readonly pace: Pace,
  ) {
    this.chunks = source[Symbol.asyncIterator]();
  }

  /** Whether there is a row left; it waits for one. */
  async more(): Promise<boolean> {
    while (this.rows.length === 0) {
      const next = await this.chunks.next();
      if (next.done === true) return false;
      await this.pace.turn(BUFFERS_PER_BYTE * next.value.length);
      this.cut(next.value);
    }
    return true;
  }

  /** Whole rows: those at hand. */
  take(): Buffer {
    const { rows } = this;
    this.rows = NOTHING;
    return rows;
  }

  /** What the next to take() finds. */
  putBack(rows: Buffer): void {
    this.rows = rows;
  }

  private cut(chunk: Buffer): void {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      this.rows = Buffer.concat([this.begun, chunk.subarray(0, end)]);
      this.begun = NOTHING;
    }
    this.begun = Buffer.concat([this.begun, chunk.subarray(end)]);
  }
}
