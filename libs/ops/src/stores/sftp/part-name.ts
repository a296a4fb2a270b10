import { parseFileName } from '../../backups/backup-id';

const PART = /^\.(.+)\.([0-9a-f]{8})\.part$/;

/**
 * `.<name>.<token>.part`: a file on its way into the store.
 * @param token of the one who writes it, so that two who write the same file do not write into each other's
 */
export function formatPartName(name: string, token: string): string {
  return `.${name}.${token}.part`;
}

/** Whether an upload of ours has left this behind, or is still at it. */
export function isPartName(text: string): boolean {
  const [, name = ''] = PART.exec(text) ?? [];
  return parseFileName(name) !== undefined;
}
