import { type Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { type HashedBytes, HashingStream } from '../artifacts/hashed-file';
import type { InnerManifest } from '../backups/manifest';
import { LONGEST_MANIFEST, parseContents } from '../backups/manifest-parser';
import { MANIFEST_FILE, SUMS_FILE } from '../backups/manifest-path';
import { sha256Of } from '../backups/manifest-text';
import { ArchiveAudit } from './archive-audit';
import { ArchiveFault } from './archive-fault';
import type { Extraction } from './extraction';

/** What one reading of an archive is to do. */
export interface WalkOptions {
  extraction?: Extraction | undefined;
  /** Which artifacts are extracted; all where left out. */
  wanted?: ((path: string) => boolean) | undefined;
  progress?: ((text: string, done: number, whole: number) => void) | undefined;
}

/** What was found at the archive's beginning. */
export interface WalkedManifest {
  contents: InnerManifest;
  /** Of manifest.json. */
  sha256: string;
}

/** Reads an archive's tar to its end: nothing changed, nothing missing, nothing else; and extracts it where asked. */
export class ArchiveWalk {
  /** Known once the first entry is read. */
  manifest: WalkedManifest | undefined;
  private audit: ArchiveAudit | undefined;
  private paths: ReadonlySet<string> = new Set();
  private done = 0;
  private whole = 0;

  constructor(private readonly options: WalkOptions = {}) {}

  /** @throws ArchiveFault where it is not what it should be; whatever else breaks, as it came */
  async read(plain: Readable): Promise<WalkedManifest> {
    const tar = extract();
    // Streams of streamx behave as Node's do, and are typed apart from them.
    const fed = pipeline(plain, tar as unknown as Writable).catch(() => undefined);
    // Each is destroyed with the other's fault: the first to tell of one is where it came from.
    let upstream: Error | undefined;
    let own = false;
    plain.once('error', (error) => (upstream = own ? undefined : error));
    tar.once('error', () => (own = upstream === undefined));
    try {
      for await (const entry of tar) await this.visit(entry.header, entry as unknown as Readable);
    } catch (error) {
      if (error instanceof ArchiveFault || error === upstream) throw error;
      // What tar-stream finds wrong has no code; what the disk does when a file is extracted has one.
      if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
      const why = (error as Error).message;
      throw new ArchiveFault('unsound', `The tar in the archive is damaged: ${why}`, { cause: error });
    } finally {
      await fed;
    }
    if (!this.manifest || !this.audit) throw new ArchiveFault('unsound', 'The tar in the archive is empty');
    this.audit.conclude();
    return this.manifest;
  }

  private async visit(header: Header, body: Readable): Promise<void> {
    const { name, type } = header;
    if (!this.manifest || !this.audit) {
      if (name !== MANIFEST_FILE || type !== 'file') {
        throw new ArchiveFault('unsound', `The archive is not one of ours: it does not begin with ${MANIFEST_FILE}`);
      }
      this.begin(await textOf(header, body));
      return;
    }
    if (type !== 'file') await this.passOver(name, `is no file but a ${type}`, body);
    else if (this.audit.has(name)) await this.passOver(name, 'is there twice', body);
    else if (name === SUMS_FILE) this.audit.addSums(await textOf(header, body));
    else if (!this.paths.has(name)) await this.passOver(name, `is there, and not in ${MANIFEST_FILE}`, body);
    else this.audit.add(name, await this.take(header, body));
  }

  private begin(text: string): void {
    let contents;
    try {
      contents = parseContents(text);
    } catch (error) {
      throw new ArchiveFault('unsound', `${MANIFEST_FILE} in the archive: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const sha256 = sha256Of(text);
    this.manifest = { contents, sha256 };
    this.paths = new Set(contents.artifacts.map(({ path }) => path));
    this.whole = contents.artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
    this.audit = new ArchiveAudit(contents);
    this.audit.add(MANIFEST_FILE, { bytes: Buffer.byteLength(text), sha256 });
  }

  private async passOver(name: string, how: string, body: Readable): Promise<void> {
    this.audit?.addStrange(name, how);
    await pipeline(body, nowhere());
  }

  /** Hashes an artifact, and extracts it. */
  private async take(header: Header, body: Readable): Promise<HashedBytes> {
    const { extraction, wanted, progress } = this.options;
    const before = this.done;
    const hashing = new HashingStream((bytes) => {
      this.done = before + bytes;
      progress?.('read', this.done, this.whole);
    });
    if (extraction && (wanted?.(header.name) ?? true)) {
      await pipeline(body, hashing, await extraction.file(header.name));
      await extraction.complete(header.name, header);
    } else {
      await pipeline(body, hashing, nowhere());
    }
    return hashing.result();
  }
}

async function textOf({ name, size }: Header, body: Readable): Promise<string> {
  if (size > LONGEST_MANIFEST)
    throw new ArchiveFault('unsound', `${name} in the archive has ${size} bytes, which none has`);
  return (await buffer(body)).toString('utf8');
}

function nowhere(): Writable {
  return new Writable({
    write(_chunk, _encoding, done): void {
      done();
    },
  });
}
