import type { BackupSource } from '../backups/backup-source';
import type { InnerManifest } from '../backups/manifest';
import { diskUsage } from '../files/disk-usage';

/** How much more a backup may take than the last one. */
const GROWTH = 1.3;

/** Where each source's artifacts stand in the archive. */
const FOLDERS: Readonly<Record<string, string>> = {
  database: 'db/',
  images: 'images/',
  configuration: 'config/',
  jenkins: 'jenkins/',
};

export interface ExpectedSize {
  bytes: number;
  /** Sources of which nothing is known: they have never run, and can't tell. */
  unknown: readonly string[];
}

/**
 * What the sources that are switched on will write, each by what it has written last time, and some more; by its own
 * estimate where it had no part in that.
 * @param last manifest of the last successful backup
 */
export async function expectedSize(
  sources: readonly BackupSource[],
  last: InnerManifest | undefined,
  signal: AbortSignal,
): Promise<ExpectedSize> {
  let bytes = 0;
  const unknown: string[] = [];
  for (const source of sources) {
    if (source.disabled !== undefined) continue;
    const before = last ? lastSize(last, source.name) : 0;
    const expected = before > 0 ? before * GROWTH : await source.estimate(signal);
    if (expected === undefined) unknown.push(source.name);
    bytes += expected ?? 0;
  }
  return { bytes: Math.ceil(bytes), unknown };
}

function lastSize({ artifacts }: InnerManifest, source: string): number {
  const folder = FOLDERS[source];
  const own = artifacts.filter(({ path }) => folder !== undefined && path.startsWith(folder));
  return own.reduce((sum, artifact) => sum + diskUsage(artifact.bytes), 0);
}
