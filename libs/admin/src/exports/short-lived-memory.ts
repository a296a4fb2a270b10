import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A collection of young objects takes one or two milliseconds. */
const STEP_BYTES = 4 * 1024 * 1024;

type Collect = (options: { type: 'minor' }) => void;

let collect: Collect | undefined;

/**
 * Gives back the buffers that a stream has let go of. What the engine collects early and often are young objects, and of a
 * buffer it counts a hundred bytes among them, not the 64 kB behind it; it looks for these only when 64 MB have piled up,
 * and then through its whole heap. Fewer or smaller buffers come to the same, only later.
 *
 * Measured on files of 500,000 tickets, Node.js 24: the process grows by 15 to 30 MB with this and by 65 without for CSV, by
 * 25 to 35 and by 80 for XLSX, which takes 2.9 s of processor time with it and 5.6 s without.
 */
export class ShortLivedMemory {
  private bytes = 0;

  /** @param bytes of buffers that nobody needs any more, or soon won't */
  passed(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes < STEP_BYTES) return;
    this.bytes = 0;
    collect ??= exposeCollection();
    collect({ type: 'minor' });
  }
}

/** The one way to it in a process that was not started with the flag; where there is none, memory is all that it costs. */
function exposeCollection(): Collect {
  setFlagsFromString('--expose-gc');
  const exposed = runInNewContext('globalThis.gc') as Collect | undefined;
  setFlagsFromString('--no-expose-gc');
  return exposed ?? (() => undefined);
}
