/**
 * The calendar day of an instant as people in a time zone read it.
 * @returns `YYYY-MM-DD`
 */
export function calendarDay(instant: Date, timeZone: string): string {
  // The Canadian English date format is ISO 8601's.
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    instant,
  );
}

/**
 * Whether somebody born on a day has reached an age on another.
 * A person born on 29 February reaches it on 1 March of a common year.
 * @param birthDate `YYYY-MM-DD`
 * @param today `YYYY-MM-DD`
 * @param age in whole years
 */
export function hasReachedAge(birthDate: string, today: string, age: number): boolean {
  const year = Number(today.slice(0, 4)) - age;
  return birthDate <= `${String(year).padStart(4, '0')}${today.slice(4)}`;
}

/** Whether the text is a real day of the Gregorian calendar, as `YYYY-MM-DD`. */
export function isCalendarDay(text: unknown): text is string {
  if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const instant = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text);
}
