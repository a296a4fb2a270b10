const MIB = 1024 * 1024;
/** S3 takes no more in one upload, and neither do those who speak like it. */
const MAX_PARTS = 10_000;
const PART_BYTES = 8 * MIB;
/** What an upload holds in memory of the file: parts under way. */
const MEMORY_BYTES = 32 * MIB;
const MAX_QUEUE = 3;

export interface PartPlan {
  partSize: number;
  /** Parts under way at the same time. */
  queueSize: number;
}

/**
 * How a file of so many bytes is cut. Parts grow with the file and fewer are then under way, so that memory stays the
 * same up to 312 GiB; a part of a larger file is more than 32 MiB by itself, a 10,000th of the file.
 */
export function planParts(bytes: number): PartPlan {
  const partSize = Math.max(PART_BYTES, Math.ceil(bytes / MAX_PARTS / MIB) * MIB);
  return { partSize, queueSize: Math.min(MAX_QUEUE, Math.max(1, Math.floor(MEMORY_BYTES / partSize))) };
}
