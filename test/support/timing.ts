const TRIES = 200;
const WARM_UP = 20;
const TOLERANCE = 0.1;

/**
 * Compares what two ways cost whoever waits for them, taking turns, so that a busy machine is busy for both. The first of
 * a pair alternates, since the second may find something warm.
 * @throws where the medians over 200 tries each differ by more than a tenth of the smaller one
 */
export async function expectEqualMedians(
  one: (turn: number) => Promise<void>,
  other: (turn: number) => Promise<void>,
): Promise<void> {
  const times: [number[], number[]] = [[], []];
  for (let turn = -WARM_UP; turn < TRIES; turn++) {
    const order = turn % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    for (const side of order) {
      const started = performance.now();
      await (side === 0 ? one(turn) : other(turn));
      if (turn >= 0) times[side].push(performance.now() - started);
    }
  }
  const [first, second] = times.map(median) as [number, number];
  const difference = Math.abs(first - second) / Math.min(first, second);
  if (difference > TOLERANCE) {
    const figures = `${first.toFixed(2)} ms against ${second.toFixed(2)} ms`;
    throw new Error(`The medians tell the two apart: ${figures}, ${(difference * 100).toFixed(1)} %`);
  }
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2;
}
