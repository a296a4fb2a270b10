import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import { constants, createGunzip, createGzip } from 'node:zlib';

/** Memory for reading ahead: enough to keep the next program busy. */
const READ_BYTES = 1 << 18;

/** Path of a database's dump in the archive; a name that could be more than a name is made harmless, and stays its own. */
export function dumpPath(database: string): string {
  const safe = database.replace(/[^\w-]/g, '_');
  const mark = safe === database ? '' : `-${createHash('sha256').update(database).digest('hex').slice(0, 8)}`;
  return `db/${safe}${mark}.dump.gz`;
}

/**
 * The gzip that the process asks for around a dump that pg_dump has compressed already: the fastest that there is, since
 * another search for repetitions finds next to nothing.
 */
export function dumpCompression(): Duplex {
  return createGzip({ level: constants.Z_NO_COMPRESSION, chunkSize: READ_BYTES });
}

/**
 * A dump, unpacked.
 * @param packed path of its file, or the file's bytes
 * @param onTheWay what looks at the file's own bytes as they pass
 */
export function unpacking(packed: string | Readable, ...onTheWay: Duplex[]): readonly [Readable, ...Duplex[]] {
  const bytes = typeof packed === 'string' ? createReadStream(packed, { highWaterMark: READ_BYTES }) : packed;
  return [bytes, ...onTheWay, createGunzip({ chunkSize: READ_BYTES })];
}
