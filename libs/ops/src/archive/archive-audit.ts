import type { HashedBytes } from '../artifacts/hashed-file';
import type { InnerManifest } from '../backups/manifest';
import { MANIFEST_FILE, SUMS_FILE } from '../backups/manifest-path';
import { ArchiveFault } from './archive-fault';
import { parseSums } from './sha256-sums';

/** Faults that one message names; a thousand more would tell no more. */
const NAMED_AT_MOST = 5;

/**
 * Holds what stands in an archive against its manifest.json and its SHA256SUMS. Each file is in both, so that a byte changed
 * in one of the three is known to be that one's.
 */
export class ArchiveAudit {
  private readonly found = new Map<string, HashedBytes>();
  private readonly strange: string[] = [];
  private sums: string | undefined;

  constructor(private readonly contents: InnerManifest) {}

  /** @param bytes that were read of it */
  add(path: string, bytes: HashedBytes): void {
    this.found.set(path, bytes);
  }

  addSums(text: string): void {
    this.sums = text;
  }

  /** Whether an entry of this name was there before. */
  has(path: string): boolean {
    return this.found.has(path) || (path === SUMS_FILE && this.sums !== undefined);
  }

  /** What should not be there at all. */
  addStrange(path: string, how: string): void {
    // Names of others may hold anything.
    this.strange.push(`${JSON.stringify(path)} ${how}`);
  }

  /** @throws ArchiveFault that names what is not as it should be */
  conclude(): void {
    const faults = [...this.strange, ...this.judge()];
    if (faults.length === 0) return;
    const more = faults.length > NAMED_AT_MOST ? `; and ${faults.length - NAMED_AT_MOST} faults more` : '';
    throw new ArchiveFault(
      'unsound',
      `What the archive holds is not sound: ${faults.slice(0, NAMED_AT_MOST).join('; ')}${more}`,
    );
  }

  private judge(): string[] {
    if (this.sums === undefined) return [`${SUMS_FILE} is missing`, ...this.missing()];
    const sums = parseSums(this.sums);
    if (!sums) return [`${SUMS_FILE} is damaged: it is no list of SHA-256 sums`];
    const faults: string[] = [];
    const own = this.found.get(MANIFEST_FILE)?.sha256;
    const stated = sums.get(MANIFEST_FILE);
    if (stated === undefined) faults.push(`${SUMS_FILE} does not name ${MANIFEST_FILE}`);
    else if (stated !== own)
      faults.push(`${MANIFEST_FILE} has another SHA-256 than ${SUMS_FILE} says: one of them is damaged`);
    for (const { path, bytes, sha256 } of this.contents.artifacts) {
      const found = this.found.get(path);
      const fault = found ? compare(path, found, { bytes, sha256 }, sums.get(path)) : `${path} is missing`;
      if (fault !== undefined) faults.push(fault);
    }
    const known = new Set([MANIFEST_FILE, ...this.contents.artifacts.map(({ path }) => path)]);
    for (const path of sums.keys()) {
      if (!known.has(path)) faults.push(`${SUMS_FILE} names ${JSON.stringify(path)}, and ${MANIFEST_FILE} does not`);
    }
    return faults;
  }

  private missing(): string[] {
    return this.contents.artifacts.filter(({ path }) => !this.found.has(path)).map(({ path }) => `${path} is missing`);
  }
}

function compare(path: string, found: HashedBytes, recorded: HashedBytes, sum: string | undefined): string | undefined {
  if (found.sha256 !== recorded.sha256) {
    if (found.sha256 === sum) return `${MANIFEST_FILE} is wrong about ${path}: its SHA-256 is the one in ${SUMS_FILE}`;
    return `${path} is damaged: its SHA-256 is ${found.sha256}, not ${recorded.sha256}`;
  }
  if (found.bytes !== recorded.bytes) {
    return `${MANIFEST_FILE} is wrong about ${path}: it has ${found.bytes} bytes, not ${recorded.bytes}`;
  }
  if (sum === undefined) return `${SUMS_FILE} does not name ${path}`;
  if (sum !== found.sha256) return `${SUMS_FILE} is wrong about ${path}`;
  return undefined;
}
