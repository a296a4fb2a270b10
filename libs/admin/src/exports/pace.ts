import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ShortLivedMemory } from './short-lived-memory';

const WORK_MS = 10;
const SHORTEST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 128;
/** Of the pause: above it somebody else has work to do. */
const BUSY = 0.3;

/**
 * Lets players go first: after ten milliseconds of work comes a pause, short while nobody else needs the process, longer
 * and longer while somebody does. What a pause is filled with can only be the work of others.
 */
export class Pace {
  private pauseMs = SHORTEST_PAUSE_MS;
  private worked = performance.now();
  private readonly memory = new ShortLivedMemory();

  /**
   * To be awaited between two pieces of work.
   * @param bytes of buffers that the last one has made use of
   */
  async turn(bytes: number): Promise<void> {
    this.memory.passed(bytes);
    if (performance.now() - this.worked < WORK_MS) return;
    const before: EventLoopUtilization = performance.eventLoopUtilization();
    await sleep(this.pauseMs);
    const { utilization } = performance.eventLoopUtilization(before);
    this.pauseMs =
      utilization > BUSY ? Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS) : Math.max(this.pauseMs / 2, SHORTEST_PAUSE_MS);
    this.worked = performance.now();
  }
}
