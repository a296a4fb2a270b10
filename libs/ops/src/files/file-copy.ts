import { constants, createWriteStream, type Stats } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HashedBytes, HashingStream } from '../artifacts/hashed-file';

/** Without following a link that has taken the file's place, and without waiting at a pipe that has. */
const TO_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const TRIES = 4;
const PAUSE_MS = 100;
const PERMISSIONS = 0o777;
const OWNER_READS = 0o400;

export interface Copied extends HashedBytes {
  /** Whether the file kept changing, so that the copy may be half old and half new. */
  unsettled: boolean;
}

/** What is to be copied is no file any more. */
export class NotAFile extends Error {
  constructor() {
    super('is no file');
    this.name = 'NotAFile';
  }
}

/**
 * Copies a file with its permissions and its time, and reads it again to see that it was not changed meanwhile: times
 * alone don't show what changes within a tick of the file system's clock. One that was is copied again after a pause.
 *
 * The copy is not forced onto the disk: it is read again, against its hash, into the archive, and that is.
 * @throws NotAFile, or the file system's fault
 */
export async function copyFile(from: string, to: string, signal: AbortSignal): Promise<Copied> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt++) {
    const { stats, ...copied } = await copyOnce(from, to, signal);
    const again = await readOnce(from, signal);
    const same = copied.bytes === again.bytes && copied.sha256 === again.sha256;
    if (!same && attempt < TRIES) {
      await sleep(PAUSE_MS * attempt, undefined, { signal });
      continue;
    }
    await utimes(to, stats.mtime, stats.mtime);
    // The archiver is to read what of the original only its group may.
    await chmod(to, (stats.mode & PERMISSIONS) | OWNER_READS);
    return { ...copied, unsettled: !same };
  }
}

async function copyOnce(from: string, to: string, signal: AbortSignal): Promise<HashedBytes & { stats: Stats }> {
  return withFile(from, async (file, stats) => {
    const hashing = new HashingStream();
    const reading = file.createReadStream({ autoClose: false });
    await pipeline(reading, hashing, createWriteStream(to, { mode: 0o600 }), { signal });
    return { ...hashing.result(), stats };
  });
}

async function readOnce(from: string, signal: AbortSignal): Promise<HashedBytes> {
  return withFile(from, async (file) => {
    const hashing = new HashingStream();
    hashing.resume();
    await pipeline(file.createReadStream({ autoClose: false }), hashing, { signal });
    return hashing.result();
  });
}

async function withFile<T>(path: string, use: (file: FileHandle, stats: Stats) => Promise<T>): Promise<T> {
  const file = await open(path, TO_READ);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new NotAFile();
    return await use(file, stats);
  } finally {
    await file.close();
  }
}
