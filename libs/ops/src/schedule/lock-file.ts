import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { OPERATIONS, type Operation } from './operation-lease.entity';
import { hasEnded, type ProcessIdentity, sameBoot } from './process-identity';

/** What stands in a lock file. */
export interface LockClaim {
  /** Of this one claim, in hexadecimal. */
  token: string;
  owner: string;
  operation: Operation;
  /** ISO 8601. */
  since: string;
  process: ProcessIdentity;
}

/** A lock file as it was found. */
export interface FoundLock {
  /** The same as long as it is the same claim, and none that can't be read has changed. */
  key: string;
  /** Undefined where the file is empty or can't be understood. */
  claim: LockClaim | undefined;
  /** Of the last heartbeat: see {@link monotonicMs}. */
  beatMs: number;
  /** Of the last heartbeat, by the file system. */
  changedMs: number;
}

/** `ended`: its process is gone for certain. `stale`: it has been silent for too long. */
export type LockState = 'alive' | 'stale' | 'ended';

/** Always so many bytes, so that a heartbeat is one write over what is there and needs no space on a full disk. */
const BYTES = 1024;
const DISK_FULL = ['ENOSPC', 'EDQUOT'];

/** Milliseconds since the machine was started: one clock for all its processes, which nobody sets. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** @returns the new file, or undefined where there is one */
export async function createLock(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

/** Writes the claim with a heartbeat. On a full disk the file stays empty, and its time alone is the heartbeat. */
export async function writeLock(file: FileHandle, claim: LockClaim): Promise<void> {
  const text = `${JSON.stringify({ ...claim, beatMs: monotonicMs() }).padEnd(BYTES - 1)}\n`;
  try {
    await file.write(text, 0);
  } catch (error) {
    if (!DISK_FULL.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  const now = new Date();
  await file.utimes(now, now);
}

/** @returns undefined where there is none */
export async function readLock(path: string): Promise<FoundLock | undefined> {
  try {
    const [text, { ino, mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const read = parse(text);
    return {
      key: read?.claim.token ?? `unread-${ino}-${Math.floor(mtimeMs)}`,
      claim: read?.claim,
      beatMs: read?.beatMs ?? 0,
      changedMs: mtimeMs,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param own whoever asks */
export async function stateOf(
  { claim, beatMs, changedMs }: FoundLock,
  own: ProcessIdentity,
  staleMs: number,
): Promise<LockState> {
  if (claim && (await hasEnded(claim.process, own))) return 'ended';
  // Where the clock was set, the file's time says nothing of a holder on this machine.
  const silent = Math.abs(Date.now() - changedMs) > staleMs;
  if (!silent) return 'alive';
  if (claim && sameBoot(claim.process, own) && monotonicMs() - beatMs <= staleMs) return 'alive';
  return 'stale';
}

function parse(text: string): { claim: LockClaim; beatMs: number } | undefined {
  let value: Partial<LockClaim & { beatMs: number }> | null;
  try {
    value = JSON.parse(text) as Partial<LockClaim & { beatMs: number }> | null;
  } catch {
    return undefined;
  }
  const { token, owner, operation, since, process, beatMs } = value ?? {};
  if (token === undefined || !/^[0-9a-f]+$/.test(token) || owner === undefined || beatMs === undefined)
    return undefined;
  if (operation === undefined || !OPERATIONS.includes(operation) || since === undefined || !process) return undefined;
  return { claim: { token, owner, operation, since, process }, beatMs };
}
