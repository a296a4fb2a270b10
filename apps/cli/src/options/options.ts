import { UsageError } from '../failures/cli-error';

/** 80 MB of memory. Larger print runs are made in several steps. */
export const MAX_TICKETS_AT_ONCE = 10_000_000;

const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const SLUG_LENGTH = 100;

/**
 * @param option as typed, `--count`
 * @throws UsageError
 */
export function wholeNumber(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option} must be a whole number from ${min} to ${max}.`);
}

/** @throws UsageError */
export function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text);
  if (found !== undefined) return found;
  throw new UsageError(`${option} must be one of: ${allowed.join(', ')}.`);
}

/** @throws UsageError */
export function slug(option: string, text: string): string {
  if (SLUG.test(text) && text.length <= SLUG_LENGTH) return text;
  throw new UsageError(`${option} must be small letters and digits, in parts joined by hyphens: summer-2027 for one.`);
}
