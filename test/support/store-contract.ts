import { createHash, randomBytes } from 'node:crypto';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type BackupKind, formatBackupId } from '../../libs/ops/src/backups/backup-id';
import { type BackupStore, StoreFailure } from '../../libs/ops/src/stores/backup-store';
import './one-realm';

export const MB = 1e6;
const LONG_MS = 120_000;

/** A place to test stores in. */
export interface StorePlace {
  /** Another client of the same store; closed when the tests are over. */
  connect(): BackupStore;
  /** What must stand in no failure. */
  secrets: readonly string[];
}

/** A local file to be stored. */
export interface LocalFile {
  path: string;
  bytes: number;
  sha256: string;
}

/** A folder of files of random bytes. */
export class LocalFiles {
  private constructor(readonly folder: string) {}

  static async create(): Promise<LocalFiles> {
    return new LocalFiles(await mkdtemp(join(tmpdir(), 'tiptop-store-')));
  }

  async write(contents: number | string): Promise<LocalFile> {
    const data = typeof contents === 'number' ? randomBytes(contents) : Buffer.from(contents);
    const path = join(this.folder, randomBytes(6).toString('hex'));
    await writeFile(path, data);
    return { path, bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') };
  }

  async has(name: string): Promise<boolean> {
    return (await readdir(this.folder)).includes(name);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

let second = 0;

/** The name of a file of a backup that no other test has. */
export function freshName(kind: BackupKind = 'daily', end = '.tar.age'): { kind: BackupKind; name: string } {
  const at = new Date(Date.UTC(2026, 10, 22) + ++second * 1000);
  return { kind, name: formatBackupId({ kind, at }) + end };
}

export function never(): AbortSignal {
  return new AbortController().signal;
}

/** @returns the failure. @throws Error where there is none, or another kind of error */
export async function failureOf(work: Promise<unknown>): Promise<StoreFailure> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in outcome) throw new Error(`Expected a failure, and got ${inspect(outcome.value)}`);
  if (!(outcome.error instanceof StoreFailure)) {
    throw new Error(`Not a failure in words: ${inspect(outcome.error)}`, { cause: outcome.error });
  }
  return outcome.error;
}

/** What every store promises alike. Call it inside a describe(); the place is asked for once the tests begin. */
export function itKeepsTheContract(place: () => StorePlace): void {
  let files: LocalFiles;
  let store: BackupStore;
  let other: BackupStore;

  beforeAll(async () => {
    files = await LocalFiles.create();
    store = place().connect();
    other = place().connect();
  });
  afterAll(async () => {
    await store.close();
    await other.close();
    await files.remove();
  });

  const listed = async (name: string) => (await store.list(never())).filter((file) => file.name === name);

  it.each([
    ['an empty file', 0],
    ['a small file', 1234],
    ['a file of several parts', 20 * MB + 7],
  ])(
    'keeps %s whole, lists it and gives it back',
    async (_what, size) => {
      const file = await files.write(size);
      const { kind, name } = freshName('weekly');
      const progress: number[] = [];
      await store.put({ kind, name, ...file }, never(), (bytes) => progress.push(bytes));
      expect(progress).toEqual([...progress].sort((a, b) => a - b));
      if (size > 0) expect(progress.at(-1)).toBe(size);
      const [entry, ...more] = await listed(name);
      expect(more).toEqual([]);
      expect(entry).toMatchObject({ kind, name, bytes: size });
      expect(Math.abs(entry!.modifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
      const whole = { bytes: size, sha256: file.sha256 };
      expect(await store.hash(kind, name, never())).toEqual(whole);
      const path = join(files.folder, 'back');
      expect(await other.download(kind, name, path, never())).toEqual(whole);
      expect((await readFile(path)).equals(await readFile(file.path))).toBe(true);
    },
    LONG_MS,
  );

  it('reads a small file as a text', async () => {
    const file = await files.write('{"a":"é🍵"}\n');
    const { kind, name } = freshName('daily', '.manifest.json');
    await store.put({ kind, name, ...file }, never());
    expect(await other.read(kind, name, never())).toBe('{"a":"é🍵"}\n');
  });

  it('replaces what is there', async () => {
    const { kind, name } = freshName();
    const [first, next] = [await files.write(1000), await files.write(2000)];
    await store.put({ kind, name, ...first }, never());
    await other.put({ kind, name, ...next }, never());
    expect(await store.hash(kind, name, never())).toEqual({ bytes: 2000, sha256: next.sha256 });
  });

  it('refuses to replace what another has put, and says so', async () => {
    const { kind, name } = freshName('daily', '.manifest.json');
    const [first, next] = [await files.write('first'), await files.write('next')];
    await store.put({ kind, name, ...first, refuseExisting: true }, never());
    const failure = await failureOf(other.put({ kind, name, ...next, refuseExisting: true }, never()));
    expect(failure.message).toMatch(/exists already/);
    expect(failure.mayPass).toBe(false);
    // Nor the same bytes: two runs of one name are one too many.
    await failureOf(other.put({ kind, name, ...first, refuseExisting: true }, never()));
    expect(await other.read(kind, name, never())).toBe('first');
  });

  it('puts again what it has put itself, so that a step can be tried again', async () => {
    const { kind, name } = freshName('daily', '.manifest.json');
    const file = await files.write('mine');
    for (let n = 0; n < 2; n++) await store.put({ kind, name, ...file, refuseExisting: true }, never());
    expect(await other.read(kind, name, never())).toBe('mine');
  });

  it('lets none but one of those who put the same manifest at once win', async () => {
    const { kind, name } = freshName('daily', '.manifest.json');
    const clients = [store, other, place().connect(), place().connect()];
    const manifests = await Promise.all(clients.map((_, n) => files.write(`manifest ${n}`)));
    const outcomes = await Promise.allSettled(
      clients.map((client, n) => client.put({ kind, name, ...manifests[n]!, refuseExisting: true }, never())),
    );
    const winners = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect((outcome.reason as Error).message).toMatch(/exists already/);
    }
    expect(await store.read(kind, name, never())).toBe(`manifest ${winners[0]!}`);
    await Promise.all(clients.slice(2).map((client) => client.close()));
  });

  it('says of what is missing that it is, and leaves nothing in its place', async () => {
    const { kind, name } = freshName();
    const path = join(files.folder, 'nothing');
    const failures = [
      await failureOf(store.hash(kind, name, never())),
      await failureOf(store.read(kind, name, never())),
      await failureOf(store.download(kind, name, path, never())),
    ];
    for (const { message, mayPass } of failures) {
      expect(message).toMatch(/there is no/);
      expect(mayPass).toBe(false);
    }
    await expect(access(path)).rejects.toThrow('ENOENT');
  });

  it('removes a file, and what is not there is gone as well', async () => {
    const { kind, name } = freshName('pre-deploy');
    await store.put({ kind, name, ...(await files.write(10)) }, never());
    expect(await other.remove(kind, name, never())).toBe('removed');
    expect(await listed(name)).toEqual([]);
    await failureOf(store.hash(kind, name, never()));
    expect(await store.remove(kind, name, never())).toBe('removed');
  });

  it('lists what is not ours as well, and does not sweep it away', async () => {
    const foreign = 'notes-of-somebody.txt';
    await store.put({ kind: 'manual', name: foreign, ...(await files.write('mine')) }, never());
    expect(await store.sweep(never())).toBe(0);
    expect(await listed(foreign)).toMatchObject([{ kind: 'manual', bytes: 4 }]);
  });

  it('sends nothing of a file that was changed since it was hashed, or is gone', async () => {
    const file = await files.write(100);
    const { kind, name } = freshName();
    const changed = await failureOf(store.put({ kind, name, ...file, bytes: 99 }, never()));
    expect(changed.mayPass).toBe(false);
    expect(changed.message).toMatch(/100 bytes.* instead of 99/);
    expect(await listed(name)).toEqual([]);
  });

  it('stops at once when it is told to', async () => {
    const { kind, name } = freshName();
    const file = await files.write(8 * MB);
    const signal = AbortSignal.abort();
    const failures = await Promise.all(
      [
        store.list(signal),
        store.put({ kind, name, ...file }, signal),
        store.hash(kind, name, signal),
        store.download(kind, name, join(files.folder, 'stopped'), signal),
        store.read(kind, name, signal),
        store.remove(kind, name, signal),
        store.now(signal),
        store.sweep(signal),
      ].map(failureOf),
    );
    for (const { message, mayPass } of failures) {
      expect(message).toMatch(/stopped/);
      expect(mayPass).toBe(false);
    }
    expect(await listed(name)).toEqual([]);
  });

  it('tells the time and the room, where it does', async () => {
    const now = await store.now(never());
    if (now) expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(60_000);
    const free = await store.freeBytes(never());
    if (free !== undefined) expect(free).toBeGreaterThan(0);
  });

  it('tells no secret, neither where it is nor in a failure', async () => {
    const { kind, name } = freshName();
    const told = [
      store.place,
      inspect(await failureOf(store.hash(kind, name, never())), { depth: 20, showHidden: true }),
    ];
    for (const secret of place().secrets) for (const text of told) expect(text).not.toContain(secret);
    expect(store.place).not.toBe('');
  });
}
