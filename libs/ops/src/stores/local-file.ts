import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { StoreFailure } from './backup-store';

/**
 * Before a byte is sent: what is to be stored is still the file that was hashed.
 * @throws StoreFailure
 */
export async function requireSize(store: string, path: string, bytes: number): Promise<void> {
  const { size } = await stat(path);
  if (size === bytes) return;
  const message = `${basename(path)} has ${size} bytes on this machine instead of ${bytes}: it was changed`;
  throw new StoreFailure(store, message, false);
}
