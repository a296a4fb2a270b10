import { MovableClock } from '@tiptop/platform';

/** So many times slower than the system's. */
const SLOWER = 1000;

/**
 * A clock on which a busy machine stays within the second that it was put to: backups are named by seconds, and between two
 * steps of a test may lie several.
 */
export class SlowClock extends MovableClock {
  private put = new Date();
  private since = performance.now();

  override now(): Date {
    return new Date(this.put.getTime() + Math.floor((performance.now() - this.since) / SLOWER));
  }

  override moveTo(instant: Date): void {
    this.put = instant;
    this.since = performance.now();
  }

  override moveBy(ms: number): void {
    this.moveTo(new Date(this.now().getTime() + ms));
  }

  override reset(): void {
    this.moveTo(new Date());
  }
}
