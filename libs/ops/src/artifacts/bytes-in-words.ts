const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** A size as a person reads it, in units of a thousand: `61.3 MB`. */
export function bytesInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}
