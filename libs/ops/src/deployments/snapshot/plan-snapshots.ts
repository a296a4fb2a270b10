import type { Release } from '../release';
import type { RollbackPoint } from './rollback-point';

export interface SnapshotQuestion {
  /** Those that are whole. */
  points: readonly RollbackPoint[];
  /** So many are kept, the newest. */
  last: number;
  /** What serves now, and what served before it. */
  running: Release | null;
  predecessor: Release | null;
}

/** A snapshot, and why it stays; it goes where nothing speaks for it. */
export interface SnapshotVerdict {
  point: RollbackPoint;
  reasons: readonly string[];
}

/**
 * Says of each snapshot whether it stays. Besides the last ones these do, however old: the newest that holds the running
 * release and the newest that holds its predecessor, and the one that each of the two has replaced when it was deployed.
 * @returns newest first
 */
export function planSnapshots({ points, last, running, predecessor }: SnapshotQuestion): SnapshotVerdict[] {
  const sorted = [...points].sort((a, b) => (a.tag < b.tag ? 1 : -1));
  const reasons = new Map<RollbackPoint, string[]>(sorted.map((point) => [point, []]));
  const keep = (point: RollbackPoint | undefined, reason: string): void => {
    if (point) reasons.get(point)?.push(reason);
  };
  for (const point of sorted.slice(0, last)) keep(point, `one of the last ${last}`);
  const holds = (release: Release | null) => sorted.find((point) => isSame(point.release, release));
  keep(holds(running), 'holds the running version');
  const before = holds(predecessor);
  keep(before, 'rollback point of the running version');
  // What the predecessor has replaced is what the newest snapshot before that one's stretch holds.
  keep(beforeStretchOf(before, sorted), 'rollback point of the predecessor');
  return sorted.map((point) => ({ point, reasons: reasons.get(point) ?? [] }));
}

/** The newest snapshot older than that one which holds another release. */
function beforeStretchOf(
  point: RollbackPoint | undefined,
  sorted: readonly RollbackPoint[],
): RollbackPoint | undefined {
  if (!point) return undefined;
  const older = sorted.slice(sorted.indexOf(point) + 1);
  return older.find(({ release }) => !isSame(release, point.release));
}

/** By what is in them: the digest of an image that was pushed again may be another one. */
function isSame(a: Release, b: Release | null): boolean {
  return b !== null && a.backend.id === b.backend.id && a.frontend?.id === b.frontend?.id;
}
