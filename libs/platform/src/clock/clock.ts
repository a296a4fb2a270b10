/** Where the service reads the time, so that a test can move it. Every business rule asks this clock, never `Date` itself. */
export abstract class Clock {
  /** The present instant, in whole milliseconds. */
  abstract now(): Date;
}

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}

/** A clock that stands on the system's and can be moved; time goes on from where it was put. */
export class MovableClock extends Clock {
  private offsetMs = 0;

  now(): Date {
    return new Date(Date.now() + this.offsetMs);
  }

  moveTo(instant: Date): void {
    this.offsetMs = instant.getTime() - Date.now();
  }

  /** @param ms how far to move, in milliseconds; negative goes back */
  moveBy(ms: number): void {
    this.offsetMs += ms;
  }

  reset(): void {
    this.offsetMs = 0;
  }
}
