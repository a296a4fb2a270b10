import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Header, type Pack, pack } from 'tar-stream';
import { HashingStream } from '../artifacts/hashed-file';
import type { Artifact } from '../backups/manifest';
import { ArchiveFault } from './archive-fault';

/** Read at once. */
const PIECE = 128 * 1024;
/** The largest size that a tar header holds in its octal digits. */
const OCTAL_MAX = 0o77777777777;
/** The largest time that tar-stream writes, in seconds. */
const TIME_MAX = 0x7fffffff;
const PRIVATE = 0o600;

type Entry = Pick<Header, 'name' | 'size' | 'mode' | 'mtime' | 'uid' | 'gid' | 'type' | 'pax'>;

/** Writes a tar file (POSIX.1-2001, which every tar reads) as a stream. Entries stand in it as they are added. */
export class TarWriter {
  private readonly pack: Pack = pack({ highWaterMark: PIECE });

  constructor() {
    // Whoever adds an entry hears of a fault, and whoever reads; one that comes before there is a reader ends nothing else.
    this.pack.on('error', () => undefined);
  }

  get stream(): Readable {
    // Of streamx, which behaves as Node's do and is typed apart from them.
    return this.pack as unknown as Readable;
  }

  async addText(path: string, text: string, at: Date): Promise<void> {
    const body = Buffer.from(text);
    const entry = headerOf(path, body.length, PRIVATE, at);
    await new Promise<void>((resolve, reject) => {
      this.pack.entry(entry, body, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /**
   * Adds an artifact with its file's permissions and time, and makes sure that it is still the one that was recorded.
   * @param file where it stands on the disk
   * @param onBytes told how many bytes of it have gone in
   * @throws ArchiveFault where a byte of it has changed since
   */
  async addFile(
    artifact: Artifact,
    file: string,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const handle = await openArtifact(artifact, file);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw changed(artifact, 'is no file any more');
      if (stats.size !== artifact.bytes) throw changed(artifact, `has ${stats.size} bytes, not ${artifact.bytes}`);
      await this.copy(artifact, handle, stats, signal, onBytes);
    } finally {
      await handle.close();
    }
  }

  end(): void {
    this.pack.finalize();
  }

  abandon(error: Error): void {
    this.pack.destroy(error);
  }

  private async copy(
    artifact: Artifact,
    handle: FileHandle,
    { mode, mtime }: Stats,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const hashing = new HashingStream(onBytes);
    const sink = this.pack.entry(headerOf(artifact.path, artifact.bytes, mode, mtime)) as unknown as Writable;
    // To its end and no further: what is appended meanwhile would break the tar. Closed by whoever opened it.
    const end = Math.max(artifact.bytes - 1, 0);
    const source = handle.createReadStream({ highWaterMark: PIECE, start: 0, end, autoClose: false });
    try {
      await pipeline(source, hashing, sink, { signal });
    } catch (error) {
      if (source.bytesRead < artifact.bytes && source.readableEnded) throw changed(artifact, 'became shorter');
      throw error;
    }
    const { sha256 } = hashing.result();
    if (sha256 !== artifact.sha256) throw changed(artifact, `has the SHA-256 ${sha256}, not ${artifact.sha256}`);
  }
}

/** @param mode of a file; special bits are left out */
export function headerOf(name: string, size: number, mode: number, mtime: Date): Entry {
  const seconds = Math.min(Math.max(Math.floor(mtime.getTime() / 1000), 0), TIME_MAX);
  const permissions = mode & 0o777 || PRIVATE;
  const entry: Entry = { name, size, mode: permissions, mtime: new Date(seconds * 1000), uid: 0, gid: 0, type: 'file' };
  // In the header itself tar-stream writes it as GNU does; POSIX wants it here.
  return size > OCTAL_MAX ? { ...entry, pax: { size: String(size) } } : entry;
}

async function openArtifact(artifact: Artifact, file: string): Promise<FileHandle> {
  try {
    // A link in the place of a file would smuggle in what nobody recorded; a pipe in its place would be waited for.
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw changed(artifact, 'is gone');
    if (code === 'ELOOP') throw changed(artifact, 'is no file any more');
    throw error;
  }
}

function changed({ path }: Artifact, how: string): ArchiveFault {
  return new ArchiveFault('damaged', `${path} changed on the disk since it was written: it ${how}`);
}
