import { Writable } from 'node:stream';

/** A child closed its input before it had taken all that it was given. */
export class InputRefused extends Error {
  constructor() {
    super('it closed its input');
  }
}

/**
 * The way into a child. A child that has read what it needs may end without waiting for the end of its input: that is no
 * fault, unless there was one byte more for it.
 */
export class ChildInput extends Writable {
  /** @param onTaken told of each piece that went in */
  constructor(
    private readonly stdin: Writable,
    private readonly onTaken: () => void,
  ) {
    super();
    // A closed pipe shows itself at the next piece.
    stdin.on('error', () => undefined);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.stdin.destroyed) {
      done(new InputRefused());
      return;
    }
    this.stdin.write(chunk, (error) => {
      // What was still on its way when the child ended is told as written.
      const refused = error ?? this.stdin.destroyed;
      if (!refused) this.onTaken();
      done(refused ? new InputRefused() : undefined);
    });
  }

  override _final(done: () => void): void {
    if (this.stdin.destroyed) {
      done();
      return;
    }
    const once = (): void => {
      this.stdin.off('close', once).off('finish', once);
      done();
    };
    // Whichever comes first: the child may end before it has heard of the end.
    this.stdin.once('close', once).once('finish', once).end();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.stdin.destroy();
    done(error);
  }
}
