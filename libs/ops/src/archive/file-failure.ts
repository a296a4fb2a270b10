import { StepFailure } from '../backups/backup-source';

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission is denied',
  EPERM: 'the operation is not permitted',
  EIO: 'the disk reports an error',
  ENOENT: 'a file or folder is gone',
};

/**
 * @param signal once it is aborted, that is the reason of whatever failed
 * @returns a StepFailure with the file system's fault in words; what is one already, as it is
 */
export function fileFailure(error: unknown, what: string, signal?: AbortSignal): StepFailure {
  if (signal?.aborted) return new StepFailure(`${what}: the run stops`, false, { cause: error });
  if (error instanceof StepFailure) return error;
  const { code = '', path, message } = error as NodeJS.ErrnoException;
  const where = path === undefined ? '' : ` (${path})`;
  return new StepFailure(`${what}: ${WORDS[code] ?? message}${where}`, code !== 'ENOENT', { cause: error });
}
