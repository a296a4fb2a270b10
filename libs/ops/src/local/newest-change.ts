import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * When a folder or anything below it last changed. By the time of the change itself (ctime): the time of a file's contents
 * is copied along with a file.
 */
export async function newestChange(folder: string): Promise<Date> {
  let newest = (await lstat(folder)).ctimeMs;
  for (const name of await readdir(folder, { recursive: true })) {
    const stats = await lstat(join(folder, name));
    newest = Math.max(newest, stats.ctimeMs);
  }
  return new Date(newest);
}
