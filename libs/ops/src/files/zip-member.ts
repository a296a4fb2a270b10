import { type FileHandle, open } from 'node:fs/promises';
import { crc32, inflateRawSync } from 'node:zlib';

/** The record at the end of a ZIP file, without its comment of at most 64 KiB. */
const END_BYTES = 22;
const END_SIGNATURE = 0x06054b50;
const MOST_COMMENT_BYTES = 0xffff;
const ENTRY_BYTES = 46;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_BYTES = 30;
const LOCAL_SIGNATURE = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const MOST_DIRECTORY_BYTES = 64 * 1024 * 1024;
const MOST_MEMBER_BYTES = 1024 * 1024;

/**
 * Reads one small file out of a ZIP file, without the rest of it (PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16).
 * @returns undefined where there is none of that name
 * @throws Error where the file is no ZIP file, is damaged, or the member is larger than 1 MiB
 */
export async function readZipMember(path: string, name: string): Promise<Buffer | undefined> {
  const file = await open(path, 'r');
  try {
    const directory = await readDirectory(file);
    const wanted = Buffer.from(name);
    for (let at = 0; at < directory.length;) {
      if (at + ENTRY_BYTES > directory.length || directory.readUInt32LE(at) !== ENTRY_SIGNATURE) {
        throw new Error('its directory is damaged');
      }
      const nameEnd = at + ENTRY_BYTES + directory.readUInt16LE(at + 28);
      if (directory.subarray(at + ENTRY_BYTES, nameEnd).equals(wanted)) return await readMember(file, directory, at);
      at = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    return undefined;
  } finally {
    await file.close();
  }
}

async function readDirectory(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const tail = await readAt(file, Math.max(0, size - END_BYTES - MOST_COMMENT_BYTES), size);
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_SIGNATURE || tail.readUInt16LE(at + 20) !== tail.length - at - END_BYTES)
      continue;
    const bytes = tail.readUInt32LE(at + 12);
    const begin = tail.readUInt32LE(at + 16);
    if (bytes > MOST_DIRECTORY_BYTES) throw new Error('its directory is too large');
    return readAt(file, begin, begin + bytes);
  }
  throw new Error('it is no ZIP file, or one cut off');
}

/** @param at of the member in the directory */
async function readMember(file: FileHandle, directory: Buffer, at: number): Promise<Buffer> {
  const method = directory.readUInt16LE(at + 10);
  const sum = directory.readUInt32LE(at + 16);
  const packedBytes = directory.readUInt32LE(at + 20);
  const local = directory.readUInt32LE(at + 42);
  if (Math.max(packedBytes, directory.readUInt32LE(at + 24)) > MOST_MEMBER_BYTES) throw new Error('it is too large');
  const header = await readAt(file, local, local + LOCAL_BYTES);
  if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw new Error('it is damaged');
  // The names and extra fields here may differ in length from those of the directory.
  const begin = local + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = await readAt(file, begin, begin + packedBytes);
  if (method !== STORED && method !== DEFLATED) throw new Error(`it is compressed by method ${method}`);
  const bytes = method === STORED ? packed : inflateRawSync(packed, { maxOutputLength: MOST_MEMBER_BYTES });
  if (crc32(bytes) !== sum) throw new Error('it is damaged');
  return bytes;
}

async function readAt(file: FileHandle, begin: number, end: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(end - begin), 0, end - begin, begin);
  if (bytesRead < buffer.length) throw new Error('it is cut off');
  return buffer;
}
