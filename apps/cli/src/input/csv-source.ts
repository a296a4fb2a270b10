import { createReadStream, type ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { UsageError } from '../failures/cli-error';

/** A file that is about to be read. */
export interface CsvSource {
  stream: Readable;
  /** Bytes in all; undefined where nobody knows. */
  size: number | undefined;
  /** Bytes read so far. */
  bytesRead: () => number;
}

/**
 * @param path of a file, or `-` for stdin
 * @throws UsageError where there is no such file, or none that can be read
 */
export async function openCsv(path: string, stdin: Readable): Promise<CsvSource> {
  if (path === '-') return { stream: stdin, size: undefined, bytesRead: () => 0 };
  const { stream, size } = await openFile(path);
  return { stream, size, bytesRead: () => stream.bytesRead };
}

async function openFile(path: string): Promise<{ stream: ReadStream; size: number | undefined }> {
  try {
    const file = await open(path);
    const stats = await file.stat();
    if (stats.isDirectory()) {
      await file.close();
      throw new UsageError(`${path} is a folder, not a file.`);
    }
    return { stream: createReadStream(path, { fd: file }), size: stats.isFile() ? stats.size : undefined };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(`There is no file ${path}.`);
    throw new UsageError(`The file ${path} can’t be read (${code ?? 'unknown error'}).`);
  }
}
