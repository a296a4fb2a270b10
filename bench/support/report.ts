/** Shows on stderr what is being done; stdout is for the result. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Figures of one side; each name says its unit. */
export type Figures = Record<string, number>;

export interface Report {
  bench: string;
  tickets: number;
  sides: Record<string, Figures>;
  /**
   * Our speed over the other side’s: 1 is as fast, more is faster. Two name it otherwise: a name with `To` says what over
   * what, and of a backup `bareTools` is our time over theirs, since that is how its limit is given.
   */
  ratios: Record<string, number>;
}

export function printReport(report: Report): void {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
