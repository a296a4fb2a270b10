import { LeaseLost } from './operation.errors';
import type { LeaseTimes } from './lease-times';

/** Something that has to be told again and again that its holder lives. */
interface Beaten {
  /** @throws LeaseLost where it is another one's by now; anything else where it could not be told */
  beat(): Promise<void>;
}

/** Keeps a lease alive until it is stopped, and says when it is lost. */
export class Heartbeat {
  private readonly lost = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;
  private confirmedAt = performance.now();

  constructor(
    private readonly parts: readonly Beaten[],
    private readonly times: LeaseTimes,
    private readonly onLost: (error: LeaseLost) => void,
  ) {}

  /** Aborted with a LeaseLost. */
  get signal(): AbortSignal {
    return this.lost.signal;
  }

  start(): void {
    this.timer = setInterval(() => {
      this.tick();
    }, this.times.beatMs);
  }

  /** Waits for the beat under way. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.beating;
  }

  lose(error: LeaseLost): void {
    if (this.lost.signal.aborted) return;
    this.lost.abort(error);
    this.onLost(error);
  }

  private tick(): void {
    const { beatMs, staleMs } = this.times;
    const silentMs = performance.now() - this.confirmedAt;
    // Before others may take it for dead. A process that was stopped comes here first, before it asks anybody.
    if (silentMs > staleMs - beatMs) {
      this.lose(new LeaseLost(`it could not be kept alive for ${Math.round(silentMs / 1000)} s`));
    }
    this.beating ??= this.beat().finally(() => {
      this.beating = undefined;
    });
  }

  /** Goes on when it is lost: others stay out while the work comes to its end. */
  private async beat(): Promise<void> {
    const at = performance.now();
    const outcomes = await Promise.allSettled(this.parts.map(async (part) => part.beat()));
    const faults = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    const lost = faults.find((fault) => fault instanceof LeaseLost);
    if (lost) this.lose(lost);
    else if (faults.length === 0) this.confirmedAt = at;
  }
}
