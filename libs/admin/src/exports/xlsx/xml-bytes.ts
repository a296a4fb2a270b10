const ZERO = 0x30;
const BLOCK_BYTES = 64 * 1024;
/** Where a block is handed on, so that hardly a row makes it grow. */
const FULL_BYTES = 56 * 1024;

/** XML in UTF-8 as it is being written, handed on in blocks. */
export class XmlBytes {
  private bytes = Buffer.allocUnsafe(BLOCK_BYTES);
  private length = 0;

  get isFull(): boolean {
    return this.length >= FULL_BYTES;
  }

  /** Makes room for so many bytes; put() and copy() need it. */
  room(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + bytes));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  put(part: Uint8Array): void {
    this.bytes.set(part, this.length);
    this.length += part.length;
  }

  /** A few bytes out of many: to cut them out first would cost more than they do. */
  copy(source: Uint8Array, from: number, end: number): void {
    const { bytes } = this;
    let { length } = this;
    for (let at = from; at < end; at++) bytes[length++] = source[at] ?? 0;
    this.length = length;
  }

  /** A whole number, from 0 to 2^53; put() and copy()'s room does. Of strings of numbers the engine keeps too many. */
  digits(value: number, leastDigits = 1): void {
    let end = this.length + leastDigits;
    for (let beyond = 10 ** leastDigits; value >= beyond; beyond *= 10) end++;
    let rest = value;
    for (let at = end - 1; at >= this.length; at--) {
      const next = Math.floor(rest / 10);
      this.bytes[at] = ZERO + rest - 10 * next;
      rest = next;
    }
    this.length = end;
  }

  write(text: string): void {
    // At most three bytes for each unit of UTF-16.
    this.room(text.length * 3);
    this.length += this.bytes.write(text, this.length);
  }

  /** All since the last time; the caller's own. */
  take(): Buffer {
    const written = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.allocUnsafe(BLOCK_BYTES);
    this.length = 0;
    return written;
  }
}
