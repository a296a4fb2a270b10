import type { Readable } from 'node:stream';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { TooManyExports } from './exports.errors';

@Injectable()
export class DownloadLimits {
  readonly atOnce: number = 3;
  /** A transaction that is open for longer keeps the database from clearing up behind the players. */
  readonly longestMs: number = 30 * 60_000;
  /** Below the time that a stop waits for requests under way. */
  readonly stopPatienceMs: number = 15_000;
}

/** The downloads under way: few at once, none for ever, and none that holds a stop up. */
@Injectable()
export class Downloads implements BeforeApplicationShutdown {
  private taken = 0;
  private readonly running = new Set<Readable>();

  constructor(private readonly limits: DownloadLimits) {}

  /**
   * Runs one. Its place is free again when the stream that `open` makes is closed, or when it fails.
   * @throws TooManyExports
   */
  async begin(open: () => Promise<Readable>): Promise<Readable> {
    if (this.taken >= this.limits.atOnce) throw new TooManyExports();
    this.taken++;
    try {
      const stream = await open();
      this.watch(stream);
      return stream;
    } catch (error) {
      this.taken--;
      throw error;
    }
  }

  /** A download that is nearly there ends by itself; the others are cut off, which their clients notice. */
  beforeApplicationShutdown(): void {
    setTimeout(() => {
      for (const stream of this.running) stream.destroy(new Error('The service stops'));
    }, this.limits.stopPatienceMs).unref();
  }

  private watch(stream: Readable): void {
    this.running.add(stream);
    const limit = setTimeout(() => {
      stream.destroy(new Error('The download took too long'));
    }, this.limits.longestMs).unref();
    stream.once('close', () => {
      clearTimeout(limit);
      this.running.delete(stream);
      this.taken--;
    });
  }
}
