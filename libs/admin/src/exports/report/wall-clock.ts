/** What clocks on the walls of a time zone show at an instant: `YYYY-MM-DD HH:MM:SS`. */
export function wallClock(timeZone: string): (instant: Date) => string {
  // The Swedish format is ISO 8601's but for the T.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return (instant) => format.format(instant);
}
