import { isCalendarDay } from '@tiptop/platform';
import { UsageError } from '../failures/cli-error';

const ISO_8601 = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/;

/** A moment as an operator types it, in ISO 8601: a day, a time of a day, or a time with its offset from UTC. */
export interface Moment {
  /** @param timeZone IANA name; where a moment without an offset is meant */
  in: (timeZone: string) => Date;
}

/**
 * @param option as typed, `--starts-at`
 * @throws UsageError
 */
export function moment(option: string, text: string): Moment {
  const [, day = '', time = '00:00', offset] = ISO_8601.exec(text) ?? [];
  const instant = new Date(`${day}T${time}${offset ?? 'Z'}`);
  if (!isCalendarDay(day) || Number.isNaN(instant.getTime())) {
    throw new UsageError(`${option} must be a date, or a date and time: 2026-11-01 or 2026-11-01T09:00+01:00 for one.`);
  }
  return { in: (timeZone) => (offset === undefined ? atWallClock(instant, timeZone) : instant) };
}

/**
 * When the clocks of a time zone show what they would show in UTC at the given instant. An hour that a change of
 * clocks skips is taken for the one after it.
 */
function atWallClock(utc: Date, timeZone: string): Date {
  const guess = utc.getTime() - offsetAt(utc, timeZone);
  return new Date(utc.getTime() - offsetAt(new Date(guess), timeZone));
}

/** How far a time zone's clocks are ahead of UTC, in milliseconds. */
function offsetAt(instant: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(instant);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes] = /^GMT([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
  const ms = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  return sign === '-' ? -ms : ms;
}
