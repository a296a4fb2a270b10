/** Sizes by which a dump is judged. */
export const JUDGED_BY = 5;
const TOO_SMALL = 0.5;

/** What is known of earlier dumps of the same database. */
export abstract class DumpHistory {
  /**
   * Bytes (before gzip) of the last dumps of verified backups, newest first. Not of quarantined ones: a row of bad dumps
   * would become the measure of the next.
   */
  abstract sizes(count: number): Promise<readonly number[]>;
}

/**
 * Whether a dump is suspiciously small: less than half the median of the last five.
 * @param earlier from {@link DumpHistory.sizes}; the first backup ever has nothing to be measured by
 * @returns why it has to be looked at, or undefined
 */
export function suspicionOf(bytes: number, earlier: readonly number[]): string | undefined {
  const sizes = earlier.slice(0, JUDGED_BY).sort((a, b) => a - b);
  const upper = sizes[Math.floor(sizes.length / 2)];
  const lower = sizes[Math.floor((sizes.length - 1) / 2)];
  if (upper === undefined || lower === undefined) return undefined;
  const median = (upper + lower) / 2;
  if (bytes >= median * TOO_SMALL) return undefined;
  return `the dump has ${bytes} bytes, less than half the median of the last ${sizes.length} (${median}): it is quarantined`;
}
