import { isSameRelease, type Release } from '../release';
import type { Deployment } from './deployment.entity';

/** What of a row tells which releases served. */
export type HistoryRow = Pick<Deployment, 'kind' | 'status' | 'release' | 'previous'>;

/**
 * The releases that one can go back through, the one that serves last. A rollback takes away what it led back from: whoever
 * rolls back twice goes back by two and not to and fro. What was deployed and did not work is in it nowhere.
 * @param rows those that are over, the oldest first
 */
export function releaseHistory(rows: readonly HistoryRow[]): Release[] {
  let served: Release[] = [];
  // Only of what was deployed before anything succeeded: what ran before the first success may be one of those.
  const bad = new Set<string>();
  for (const { kind, status, release, previous } of rows) {
    const hasServed = status === 'succeeded' || status === 'rolled-back';
    // Of what ran before the first record nothing else is known.
    if (hasServed && served.length === 0 && previous && !bad.has(keyOf(previous))) served.push(previous);
    if (status === 'succeeded' && release) {
      if (kind === 'rollback') served = upTo(served, release);
      if (served.length === 0 || keyOf(served.at(-1) ?? release) !== keyOf(release)) served.push(release);
    } else if (status !== 'cancelled' && kind === 'deployment' && release) {
      bad.add(keyOf(release));
    }
  }
  return served;
}

/** Cuts off what came after a release; of one that is not there, the last one only. */
function upTo(served: readonly Release[], release: Release): Release[] {
  const place = served.findLastIndex((one) => isSameRelease(one, release));
  return place < 0 ? served.slice(0, -1) : served.slice(0, place + 1);
}

function keyOf({ backend, frontend }: Release): string {
  return `${backend.digest} ${frontend?.digest ?? ''}`;
}
