import type { Clock } from '@tiptop/platform';
import type { Alert } from './alerts';

/** Within which the same failure is told once. */
const QUIET_MS = 3_600_000;
/** Most failures that are remembered; beyond, the one that was told longest ago is told anew. */
const MOST = 500;

/** `quiet`: it was told within the hour, and not again. */
export type Telling = 'told' | 'quiet' | 'failed';

interface Told {
  /** Undefined where it could not be told. */
  at: number | undefined;
  /** Since it was told. */
  repeats: number;
  outcome: Promise<boolean>;
}

/** What one channel has told, so that a failure that repeats is told once an hour. */
export class AlertRepeats {
  private readonly told = new Map<string, Told>();

  constructor(private readonly clock: Clock) {}

  /**
   * Tells, unless the same was told within the hour. Good news is always told.
   * @param tell gets how often it happened since it was told last; resolves with whether it was told now
   */
  async once(alert: Alert, tell: (repeats: number) => Promise<boolean>): Promise<Telling> {
    if (alert.level === 'success') return (await tell(0)) ? 'told' : 'failed';
    const key = keyOf(alert);
    const now = this.clock.now().getTime();
    const before = this.told.get(key);
    // That of one under way is waited for: nobody is said to have been told who was not.
    if (before && isQuiet(before, now)) {
      before.repeats++;
      return (await before.outcome) ? 'quiet' : 'failed';
    }
    const repeats = before?.repeats ?? 0;
    const entry: Told = { at: now, repeats: 0, outcome: tell(repeats) };
    this.told.delete(key);
    this.told.set(key, entry);
    this.forget(now);
    let done = false;
    try {
      done = await entry.outcome;
    } finally {
      if (!done) Object.assign(entry, { at: undefined, repeats: entry.repeats + repeats + 1 } satisfies Partial<Told>);
    }
    return done ? 'told' : 'failed';
  }

  private forget(now: number): void {
    for (const [key, entry] of this.told) {
      if (this.told.size > MOST || (entry.repeats === 0 && !isQuiet(entry, now))) this.told.delete(key);
    }
  }
}

/** A clock that was put back makes nothing quiet. */
function isQuiet({ at }: Told, now: number): boolean {
  return at !== undefined && now >= at && now - at < QUIET_MS;
}

function keyOf({ level, subject, text, facts = {} }: Alert): string {
  return JSON.stringify([level, subject, facts['step'], facts['cause'] ?? text]);
}
