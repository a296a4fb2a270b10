import { StepFailure } from '../backups/backup-source';

/** What a file system's refusal means, after the name of the file. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'is missing',
  ENOTDIR: 'is missing',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  ELOOP: 'is a link that leads nowhere but to links',
  EIO: 'can’t be read from its disk',
  ENOSPC: 'can’t be written: the disk of the backup is full',
  EDQUOT: 'can’t be written: this user’s share of the backup’s disk is full',
  EROFS: 'can’t be written: the disk of the backup is read-only',
};
/** They stay until somebody does something about them. */
const LASTING: readonly string[] = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'EROFS'];

/** The backup's own disk, whatever was to be copied to it. */
const OF_THE_COPY: readonly string[] = ['ENOSPC', 'EDQUOT', 'EROFS'];

/** Why a file could not be read or written, to stand after its name. */
export function fileFault(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return WORDS[code] ?? `can’t be read or written (${code === '' ? message : code})`;
}

/** @param what the file, or what was done with it */
export function fileFailure(what: string, error: unknown): StepFailure {
  if (error instanceof StepFailure) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  return new StepFailure(`${what} ${fileFault(error)}`, !LASTING.includes(code), { cause: error });
}

/** Whether a copy failed because of where it was to go. */
export function isFaultOfCopy(error: unknown): boolean {
  return OF_THE_COPY.includes((error as NodeJS.ErrnoException).code ?? '');
}

export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
