import { Transform, type TransformCallback } from 'node:stream';

/**
 * How long bytes pass, and for how long then none do, while somebody else wants the machine. The pause is long enough for
 * what lies between us and the program, some 200 kB, to fill up.
 */
const FLOW_MS = 100;
const PAUSE_MS = 900;

/**
 * Lets bytes pass a tenth of the time while somebody else wants the machine, and all of the time otherwise. Whoever makes
 * them has to wait meanwhile, and so does the server that it asks: a low priority alone still leaves both at work beside
 * the players, whose short statements wait for a processor each time.
 */
export class GivingWay extends Transform {
  private since = performance.now();

  constructor(private readonly isWanted: () => boolean) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (performance.now() - this.since < FLOW_MS || !this.isWanted()) {
      done(null, chunk);
      return;
    }
    setTimeout(() => {
      this.since = performance.now();
      done(null, chunk);
    }, PAUSE_MS);
  }
}
