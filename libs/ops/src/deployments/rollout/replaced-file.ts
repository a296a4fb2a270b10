import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncToDisk } from '../../artifacts/hashed-file';
import { fileFailure, isMissing } from '../../files/file-fault';

/**
 * Puts a text, or bytes, in the place of a file: whoever reads it meanwhile, and whoever does after the machine's fall, has
 * the old one or the new one, and never a part.
 * @throws StepFailure
 */
export async function replaceFile(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  // No name that nginx or compose would take up.
  const partial = join(dirname(path), `.${basename(path)}.partial`);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(partial, 'w', mode);
    try {
      await file.chmod(mode);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    await syncToDisk(dirname(path));
  } catch (error) {
    throw fileFailure(path, error);
  }
}

/** @returns undefined where there is none. @throws StepFailure */
export async function textIfAny(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileFailure(path, error);
  }
}
