const DAY_MS = 86_400_000;
/** The 1st of January 1970 was a Thursday. */
const FIRST_WEEKDAY = 4;

/** A day in UTC, as the number of days since the 1st of January 1970. */
export type UtcDay = number;

export function utcDayOf(instant: Date): UtcDay {
  return Math.floor(instant.getTime() / DAY_MS);
}

/** `2026-11-22` */
export function formatUtcDay(day: UtcDay): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The Sunday that ends a day's week; a Sunday's own is that Sunday. */
export function sundayOf(day: UtcDay): UtcDay {
  const weekday = (((day + FIRST_WEEKDAY) % 7) + 7) % 7;
  return day + ((7 - weekday) % 7);
}

/** A day's month, counted without gaps from one year to the next. */
export function monthNumberOf(day: UtcDay): number {
  const date = new Date(day * DAY_MS);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** The 1st of a day's month. */
export function firstOfMonth(day: UtcDay): UtcDay {
  return day - new Date(day * DAY_MS).getUTCDate() + 1;
}

/** `2026-11` */
export function formatMonth(day: UtcDay): string {
  return formatUtcDay(day).slice(0, 7);
}
