import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Extract, extract } from 'tar-stream';

/** What describes an image is small: the text of larger members is not kept, nor that of too many. */
const MOST_TEXT_BYTES = 4 * 1024 * 1024;
const MOST_TEXTS_BYTES = 64 * 1024 * 1024;
const OPENING_BRACKETS: readonly (number | undefined)[] = [...Buffer.from('[{')];

type Entry = Extract extends AsyncIterable<infer E> ? E : never;

/** A file in the archive. */
export interface ArchiveMember {
  /** Lower-case hexadecimal. */
  sha256: string;
  /** Of what may be JSON. */
  text: string | undefined;
}

/** What stands in an archive of `docker save`, every file read in full. */
export class ImageArchive {
  private readonly members = new Map<string, ArchiveMember>();
  /** Older engines store a layer that comes twice once, and point at it. */
  private readonly links = new Map<string, string>();
  private textBytes = 0;

  /**
   * @param stages what gives the tar: a stream, and what it passes through
   * @throws Error where a stage breaks, or what comes out is no tar, or one cut off
   */
  static async read(stages: readonly (Readable | Duplex)[], signal: AbortSignal): Promise<ImageArchive> {
    const archive = new ImageArchive();
    const unpack = extract();
    const fed = pipeline([...stages, unpack], { signal });
    const read = archive.readAll(unpack);
    // Where the feeding breaks, the reading does too, for want of data: the former tells why.
    const [feeding, reading] = await Promise.allSettled([fed, read]);
    if (feeding.status === 'rejected') throw feeding.reason;
    if (reading.status === 'rejected') throw reading.reason;
    return archive;
  }

  /** The file of that name, or what a link of that name leads to. */
  member(name: string): ArchiveMember | undefined {
    return this.members.get(name) ?? this.members.get(this.links.get(name) ?? '');
  }

  /** All files, by their names. */
  all(): IterableIterator<[string, ArchiveMember]> {
    return this.members.entries();
  }

  private async readAll(entries: AsyncIterable<Entry>): Promise<void> {
    for await (const entry of entries) {
      const { name, type, linkname } = entry.header;
      const path = posix.normalize(name);
      if (type === 'symlink') this.links.set(path, posix.join(posix.dirname(path), linkname));
      if (type === 'link') this.links.set(path, posix.normalize(linkname));
      const member = await this.readMember(entry);
      if (type === 'file' || type === 'contiguous-file') this.members.set(path, member);
    }
  }

  private async readMember(entry: Entry): Promise<ArchiveMember> {
    const { size } = entry.header;
    const hash = createHash('sha256');
    let chunks: Buffer[] | undefined = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      hash.update(chunk);
      if (chunks?.length === 0 && !this.isWorthKeeping(size, chunk)) chunks = undefined;
      chunks?.push(chunk);
    }
    if (chunks) this.textBytes += size;
    return { sha256: hash.digest('hex'), text: chunks && Buffer.concat(chunks).toString('utf8') };
  }

  private isWorthKeeping(size: number, begin: Buffer): boolean {
    const hasRoom = size <= MOST_TEXT_BYTES && this.textBytes + size <= MOST_TEXTS_BYTES;
    return hasRoom && OPENING_BRACKETS.includes(begin[0]);
  }
}
