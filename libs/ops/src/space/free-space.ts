import { realpath, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The file system that a folder is on. */
export interface FileSystem {
  /** Where it is mounted. */
  mountPoint: string;
  /** For users without privileges; undefined where it does not tell: some network file systems answer with zeros. */
  freeBytes: number | undefined;
}

/**
 * @param folder which need not be there yet
 * @throws the file system's fault
 */
export async function fileSystemOf(folder: string): Promise<FileSystem> {
  const there = await nearestExisting(folder);
  const { bavail, bsize, blocks } = await statfs(there);
  return { mountPoint: await mountPointOf(there), freeBytes: blocks === 0 ? undefined : bavail * bsize };
}

async function nearestExisting(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error;
    return nearestExisting(dirname(folder));
  }
}

async function mountPointOf(folder: string): Promise<string> {
  const above = dirname(folder);
  if (above === folder || (await stat(above)).dev !== (await stat(folder)).dev) return folder;
  return mountPointOf(above);
}
