/** How long a call on a store may take. */
export interface CallLimits {
  /** Milliseconds altogether. */
  totalMs: number;
  /** Milliseconds without a byte there or back. */
  stallMs: number;
}

/** Why a call was ended before its time. */
export type CallEnd = 'aborted' | 'too-long' | 'silent';

/** Watches over one call: its signal is aborted by the caller's, after the whole time, or after too long a silence. */
export class CallWatch {
  /** Undefined while the call goes on, and after it came to an end of its own. */
  ended: CallEnd | undefined;
  private readonly controller = new AbortController();
  private readonly total: NodeJS.Timeout;
  private silence: NodeJS.Timeout | undefined;
  private readonly onAbort = (): void => {
    this.end('aborted');
  };

  constructor(
    private readonly limits: CallLimits,
    private readonly outer: AbortSignal,
  ) {
    this.total = setTimeout(() => {
      this.end('too-long');
    }, limits.totalMs);
    outer.addEventListener('abort', this.onAbort, { once: true });
    if (outer.aborted) this.end('aborted');
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** From now on silence counts; for those who do not measure it by the connection themselves. */
  listen(): void {
    this.silence ??= setTimeout(() => {
      this.end('silent');
    }, this.limits.stallMs);
  }

  /** A byte went or came. */
  moved(): void {
    this.silence?.refresh();
  }

  stop(): void {
    clearTimeout(this.total);
    clearTimeout(this.silence);
    this.outer.removeEventListener('abort', this.onAbort);
  }

  /** For a person: why the call was ended. */
  words(end: CallEnd): string {
    switch (end) {
      case 'aborted':
        return 'stopped, because the run ends';
      case 'too-long':
        return `took longer than ${inSeconds(this.limits.totalMs)}`;
      case 'silent':
        return silenceWords(this.limits);
    }
  }

  private end(reason: CallEnd): void {
    if (this.controller.signal.aborted) return;
    this.ended = reason;
    this.controller.abort();
  }
}

export function silenceWords({ stallMs }: CallLimits): string {
  return `no byte for ${inSeconds(stallMs)}`;
}

function inSeconds(ms: number): string {
  return `${ms / 1000} s`;
}
