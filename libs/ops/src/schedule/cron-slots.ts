import { ConfigError } from '@tiptop/platform';
import { CronTime } from 'cron';

const SECOND_MS = 1000;
/** No line of the calendar is silent for longer: the 29th of February is skipped once at a turn of the century. */
const LONGEST_SILENCE_MS = 9 * 366 * 86_400_000;

/** The times that a line of cron stands for, in UTC and in whole seconds. */
export class CronSlots {
  private readonly times: CronTime;
  /** The last answer, good until its next slot comes: it is asked for each minute, and takes a while to find. */
  private known: { slot: Date; next: Date | null } | undefined;

  /**
   * @param line five fields
   * @param setting where it is from, for whoever has to correct it
   * @throws ConfigError where it is not understood, or never comes
   */
  constructor(line: string, setting: string) {
    try {
      this.times = new CronTime(line, 'UTC');
    } catch (error) {
      throw new ConfigError([`${setting} is no cron line: ${(error as Error).message}`]);
    }
    if (!this.next(new Date())) throw new ConfigError([`${setting} names a time that never comes`]);
  }

  /** @returns the first one after an instant, or null where there is none in the next eight years */
  next(after: Date): Date | null {
    try {
      return this.times.getNextDateFrom(after, 'UTC').toJSDate();
    } catch {
      return null;
    }
  }

  /** The last one up to an instant, itself included. */
  latest(now: Date): Date {
    const { known } = this;
    if (known && known.slot <= now && (!known.next || known.next > now)) return known.slot;
    const slot = this.search(now);
    this.known = { slot, next: this.next(slot) };
    return slot;
  }

  private search(now: Date): Date {
    // The parser only looks ahead. Whether one comes between an instant and now is asked of ever closer instants.
    let before = Math.floor((now.getTime() - LONGEST_SILENCE_MS) / SECOND_MS);
    let since = Math.floor(now.getTime() / SECOND_MS);
    while (since - before > 1) {
      const middle = Math.floor((before + since) / 2);
      const next = this.next(new Date(middle * SECOND_MS));
      if (next && next <= now) before = middle;
      else since = middle;
    }
    return new Date(since * SECOND_MS);
  }
}
