/** What a file takes on most file systems, whatever its size: a block, and its header in the archive. */
const BLOCK_BYTES = 4096;

/** Bytes that a file of that size will need, rounded up as file systems do. */
export function diskUsage(bytes: number): number {
  return (Math.ceil(bytes / BLOCK_BYTES) + 1) * BLOCK_BYTES;
}
