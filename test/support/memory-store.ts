import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type BackupStore, type FileHash, StoreFailure, type StoredFile } from '../../libs/ops/src/stores/backup-store';

type Method = Exclude<keyof BackupStore, 'name' | 'place' | 'close'>;
type Listed = StoredFile & { kind: string };
type PutFile = Parameters<BackupStore['put']>[0];

interface Kept {
  kind: string;
  name: string;
  bytes: Buffer;
  modifiedAt: Date;
}

/** What several clients of one store see. */
export type MemoryFiles = Map<string, Kept>;

/**
 * A store in memory, for tests of those who use one: it keeps to the contract (see store-contract.ts), and fails as it is
 * told to. What it is told counts from then on, for this client alone.
 */
export class MemoryStore implements BackupStore {
  readonly place: string;
  /** Every call that was made, in that order: `put daily/daily-…`. */
  readonly calls: string[] = [];
  /** What now() tells; undefined for a store that tells none. */
  time: Date | undefined = undefined;
  /** What freeBytes() tells. */
  free: number | undefined = undefined;
  /** What sweep() finds. */
  leftovers = 0;
  closed = false;
  private readonly failing = new Map<Method, { times: number; mayPass: boolean }>();
  private readonly hanging = new Set<Method>();
  private readonly locked = new Set<string>();
  private readonly own = new Set<string>();
  private alter: (bytes: Buffer, file: PutFile) => Buffer = (bytes) => bytes;
  private readBack: (bytes: Buffer, path: string) => Buffer = (bytes) => bytes;

  constructor(
    readonly name = 's3',
    /** Of another client of the same store. */
    readonly files: MemoryFiles = new Map(),
  ) {
    this.place = `memory:${name}`;
  }

  /** The next calls of a method fail. @param mayPass what the failure says of trying again */
  fail(method: Method, times = Infinity, mayPass = true): void {
    this.failing.set(method, { times, mayPass });
  }

  /** A method does nothing until its signal is aborted. */
  hang(method: Method): void {
    this.hanging.add(method);
  }

  /** It says that all is well, and stores something else. Truthful again without a parameter. */
  lie(alter: (bytes: Buffer, file: PutFile) => Buffer = (bytes) => bytes): void {
    this.alter = alter;
  }

  /** It gives something else than it has stored. @param path `daily/<name>` */
  misread(alter: (bytes: Buffer, path: string) => Buffer = (bytes) => bytes): void {
    this.readBack = alter;
  }

  /** A retention forbids to remove it. */
  lock(kind: string, name: string): void {
    this.locked.add(`${kind}/${name}`);
  }

  /** Everything works again. */
  heal(): void {
    this.failing.clear();
    this.hanging.clear();
    this.lie();
    this.misread();
  }

  async list(signal: AbortSignal): Promise<Listed[]> {
    await this.begin('list', '', signal);
    return [...this.files.values()].map(({ bytes, ...file }) => ({ ...file, bytes: bytes.length }));
  }

  async put(file: PutFile, signal: AbortSignal, progress?: (bytes: number) => void): Promise<void> {
    const path = `${file.kind}/${file.name}`;
    await this.begin('put', path, signal);
    const bytes = await readFile(file.path);
    if (bytes.length !== file.bytes) {
      throw new StoreFailure(this.name, `${file.name} has ${bytes.length} bytes instead of ${file.bytes}`, false);
    }
    if (file.refuseExisting && this.files.has(path) && !this.own.has(path)) {
      throw new StoreFailure(this.name, `${path} exists already and is not replaced`, false);
    }
    const { kind, name } = file;
    this.own.add(path);
    this.files.set(path, { kind, name, bytes: this.alter(bytes, file), modifiedAt: this.time ?? new Date() });
    progress?.(file.bytes);
  }

  async hash(kind: string, name: string, signal: AbortSignal): Promise<FileHash> {
    const bytes = await this.contents('hash', kind, name, signal);
    return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  }

  async download(kind: string, name: string, path: string, signal: AbortSignal): Promise<FileHash> {
    const bytes = await this.contents('download', kind, name, signal);
    await writeFile(path, bytes, { mode: 0o600 });
    return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  }

  async read(kind: string, name: string, signal: AbortSignal): Promise<string> {
    return (await this.contents('read', kind, name, signal)).toString('utf8');
  }

  async remove(kind: string, name: string, signal: AbortSignal): Promise<'removed' | 'kept'> {
    const path = `${kind}/${name}`;
    await this.begin('remove', path, signal);
    if (this.locked.has(path)) return 'kept';
    this.files.delete(path);
    this.own.delete(path);
    return 'removed';
  }

  async now(signal: AbortSignal): Promise<Date | undefined> {
    await this.begin('now', '', signal);
    return this.time;
  }

  async freeBytes(signal: AbortSignal): Promise<number | undefined> {
    await this.begin('freeBytes', '', signal);
    return this.free;
  }

  async sweep(signal: AbortSignal): Promise<number> {
    await this.begin('sweep', '', signal);
    const { leftovers } = this;
    this.leftovers = 0;
    return leftovers;
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  private async contents(
    method: 'hash' | 'download' | 'read',
    kind: string,
    name: string,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const path = `${kind}/${name}`;
    await this.begin(method, path, signal);
    const file = this.files.get(path);
    if (!file) throw new StoreFailure(this.name, `there is no ${path}`, false);
    return this.readBack(file.bytes, path);
  }

  private async begin(method: Method, path: string, signal: AbortSignal): Promise<void> {
    this.calls.push(`${method} ${path}`.trim());
    if (this.hanging.has(method) && !signal.aborted) await once(signal, 'abort');
    if (signal.aborted) throw new StoreFailure(this.name, 'stopped, because the run ends', false);
    const failing = this.failing.get(method);
    if (!failing || failing.times <= 0) return;
    failing.times--;
    throw new StoreFailure(this.name, `${method} was made to fail`, failing.mayPass);
  }
}
