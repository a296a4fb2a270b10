import type { XmlBytes } from './xml-bytes';

const DAY_SECONDS = 86_400;
const DAY_MS = 1000 * DAY_SECONDS;
const POINT = Buffer.from('.');
/** 1970-01-01 in days since the spreadsheet's beginning. */
const EPOCH_DAY = 25_569;
/** 1 March 1900: a spreadsheet counts a 29 February before it that never was. */
const FIRST_TRUE_DAY = 61;
const ZERO = 0x30;
const [DAY_LENGTH, MOMENT_LENGTH] = ['YYYY-MM-DD'.length, 'YYYY-MM-DD HH:MM:SS'.length];

/**
 * What a spreadsheet counts for a day or a moment of no time zone: seconds since its beginning, of which it makes days.
 * @param text `YYYY-MM-DD`, with or without ` HH:MM:SS`, in ASCII
 * @returns undefined for a time that no cell can hold
 */
export function secondsAt(text: Uint8Array, from: number, end: number): number | undefined {
  const length = end - from;
  if (length !== DAY_LENGTH && length !== MOMENT_LENGTH) return undefined;
  const two = (at: number): number => 10 * ((text[from + at] ?? 0) - ZERO) + (text[from + at + 1] ?? 0) - ZERO;
  const day = Date.UTC(100 * two(0) + two(2), two(5) - 1, two(8)) / DAY_MS + EPOCH_DAY;
  // Of a year below 100, Date.UTC() would make one of the twentieth century.
  if (!(day >= FIRST_TRUE_DAY) || two(0) === 0) return undefined;
  const time = length === DAY_LENGTH ? 0 : 3600 * two(11) + 60 * two(14) + two(17);
  return DAY_SECONDS * day + time;
}

/** A serial number's decimals: a hundred-thousandth of a second. */
const DECIMALS = 10;

/** Writes seconds since the spreadsheet's beginning as the days that it counts. */
export function putSerial(xml: XmlBytes, seconds: number): void {
  const day = Math.floor(seconds / DAY_SECONDS);
  const time = seconds - day * DAY_SECONDS;
  xml.digits(day);
  if (time === 0) return;
  xml.put(POINT);
  xml.digits(Math.round((time / DAY_SECONDS) * 10 ** DECIMALS), DECIMALS);
}
