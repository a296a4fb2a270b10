import type { TimelineInterval } from '@tiptop/game';
import { ValidationFailed } from '@tiptop/platform';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A contest of 60 days by the hour, and of almost three years by the day. */
const LONGEST_MS: Readonly<Record<TimelineInterval, number>> = { hour: 62 * DAY_MS, day: 1000 * DAY_MS };
const USUAL_MS: Readonly<Record<TimelineInterval, number>> = { hour: DAY_MS, day: 30 * DAY_MS };

export interface PeriodQuery {
  from?: string | undefined;
  to?: string | undefined;
  interval: TimelineInterval;
}

/**
 * What a period means: instants, or days of a time zone, of which the last one is meant as a whole.
 * @throws ValidationFailed where it ends before it begins, or is too long
 */
export function periodOf({ from, to, interval }: PeriodQuery, now: Date, timeZone: string): { from: Date; to: Date } {
  const end = to === undefined ? now : instantOf(to, timeZone, 1);
  const begin = from === undefined ? new Date(end.getTime() - USUAL_MS[interval]) : instantOf(from, timeZone, 0);
  const length = end.getTime() - begin.getTime();
  const path = to === undefined ? 'from' : 'to';
  if (length <= 0) throw new ValidationFailed([{ path, message: 'period.reversed' }]);
  // A day may have 25 hours.
  if (length > LONGEST_MS[interval] + HOUR_MS) throw new ValidationFailed([{ path, message: 'period.tooLong' }]);
  return { from: begin, to: end };
}

/** @param days added to what is only a day */
function instantOf(text: string, timeZone: string, days: number): Date {
  if (text.length > 10) return new Date(text);
  const midnight = new Date(`${text}T00:00:00Z`).getTime() + days * DAY_MS;
  // The offset of the day before, corrected by the one that holds at what it leads to.
  const guess = midnight - offsetAt(midnight - DAY_MS, timeZone);
  return new Date(midnight - offsetAt(guess, timeZone));
}

/** How far a time zone's clocks are ahead of UTC, in milliseconds. */
function offsetAt(instant: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(instant);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes] = /^GMT([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
  const ms = Number(hours ?? 0) * HOUR_MS + Number(minutes ?? 0) * 60_000;
  return sign === '-' ? -ms : ms;
}
