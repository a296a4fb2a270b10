import { open } from 'node:fs/promises';
import { StoreFailure } from '../backup-store';
import { SFTP } from './sftp-failure';
import type { SftpSession } from './sftp-session';

/** A packet of OpenSSH holds 256 KiB; what other servers take less of, ssh2 cuts. */
const CHUNK = 128 * 1024;
/** Under way at the same time, 4 MiB: what a line of 50 ms and 80 MB/s holds. */
const WINDOW = 32;

/**
 * Writes a local file into one that is open on the server, several pieces under way at a time.
 * @throws what the disk says, or the session
 */
export async function sendFile(
  session: SftpSession,
  { local, remote, handle, bytes }: { local: string; remote: string; handle: Buffer; bytes: number },
  onProgress: (bytes: number) => void,
): Promise<void> {
  const file = await open(local, 'r');
  let next = 0;
  let sent = 0;
  const failures: unknown[] = [];
  const sendPieces = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, Math.max(bytes, 1)));
    while (next < bytes && failures.length === 0) {
      const position = next;
      const piece = buffer.subarray(0, Math.min(CHUNK, bytes - position));
      next += piece.length;
      await fill(file, piece, position);
      await session.write(remote, handle, piece, position);
      sent += piece.length;
      onProgress(sent);
    }
  };
  try {
    const senders = Array.from({ length: Math.min(WINDOW, Math.ceil(bytes / CHUNK)) }, () =>
      sendPieces().catch((error: unknown) => failures.push(error)),
    );
    // All of them, so that none goes on with a file that is closed.
    await Promise.all(senders);
  } finally {
    await file.close();
  }
  if (failures.length > 0) throw failures[0];
}

/** A file of the server from its beginning to its end, in order, several pieces asked for ahead. */
export async function* receiveFile(session: SftpSession, remote: string, handle: Buffer): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = [];
  let next = 0;
  const ask = (): void => {
    const piece = receivePiece(session, remote, handle, next);
    // Whoever is not waited for any more must not fail unheard.
    piece.catch(() => undefined);
    ahead.push(piece);
    next += CHUNK;
  };
  for (let n = 0; n < WINDOW; n++) ask();
  for (let piece = ahead.shift(); piece; piece = ahead.shift()) {
    const bytes = await piece;
    if (bytes.length > 0) yield bytes;
    if (bytes.length < CHUNK) return;
    ask();
  }
}

/** Shorter only at the end of the file: a server may give less than it is asked for. */
async function receivePiece(session: SftpSession, remote: string, handle: Buffer, position: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  let length = 0;
  while (length < CHUNK) {
    const read = await session.read(remote, handle, buffer.subarray(length), position + length);
    if (read === 0) break;
    length += read;
  }
  return buffer.subarray(0, length);
}

async function fill(file: Awaited<ReturnType<typeof open>>, piece: Buffer, position: number): Promise<void> {
  let filled = 0;
  while (filled < piece.length) {
    const { bytesRead } = await file.read(piece, filled, piece.length - filled, position + filled);
    if (bytesRead === 0)
      throw new StoreFailure(SFTP, 'the file was cut short on this machine while it was sent', false);
    filled += bytesRead;
  }
}
