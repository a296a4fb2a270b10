import { mkdir, rm } from 'node:fs/promises';
import { fileFailure } from './file-fault';

/**
 * Makes a folder for its owner alone, without what an earlier attempt has left in it.
 * @throws StepFailure
 */
export async function emptyFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    throw fileFailure(path, error);
  }
}
