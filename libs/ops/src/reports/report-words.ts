/** An instant as a report tells it: `2026-11-22 02:00:00 UTC`; a text that is none, as it is. */
export function momentUtc(instant: string): string {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? instant : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `0.4 s`, `42.0 s`, `7 min 12 s`, `1 h 05 min` */
export function durationInWords(seconds: number): string {
  if (seconds < 59.95) return `${Math.max(seconds, 0).toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours === 0) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${hours} h ${String(minutes).padStart(2, '0')} min`;
}

/** `500,000` */
export function countInWords(count: number): string {
  return new Intl.NumberFormat('en-GB').format(count);
}
