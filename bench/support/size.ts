/** How many tickets a benchmark works on: BENCH_TICKETS where it is set, for a trial run of the benchmark itself. */
export function sizeFromEnvironment(usual: number): number {
  const asked = Number(process.env.BENCH_TICKETS ?? usual);
  if (!Number.isInteger(asked) || asked < 1000) throw new Error('BENCH_TICKETS must be a whole number from 1000');
  return asked;
}
