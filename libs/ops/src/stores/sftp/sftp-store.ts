import { createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import type { SftpConfig } from '@tiptop/platform';
import { writeHashed } from '../../artifacts/hashed-file';
import { BACKUP_KINDS } from '../../backups/backup-id';
import { type BackupStore, type FileHash, StoreFailure, type StoredFile } from '../backup-store';
import { CallWatch } from '../call-watch';
import { requireSize } from '../local-file';
import { leftoverAgeMs, type StoreOptions, TEXT_BYTES } from '../store-options';
import { formatPartName, isPartName } from './part-name';
import { isStatus, SFTP, SFTP_STATUS, SftpFault, sftpFailure } from './sftp-failure';
import { SftpSession } from './sftp-session';
import { receiveFile, sendFile } from './sftp-transfer';

type PutFile = Parameters<BackupStore['put']>[0];
/** Made and taken away again to learn the server's time. */
const TIME_NAME = '.time';
/** Less than this is left where a write fails for want of room. */
const NO_ROOM_BYTES = 1024 * 1024;

/**
 * Backups on a server, by SFTP: `<path>/<kind>/<name>`. A file is written under a name of its own, brought on to the
 * server's disk and then given its name, so that under that name there is a whole file or none. The folder `path` is made
 * by whoever runs the server: where its disk is not mounted, nothing must be written in its place.
 *
 * Each call opens a connection of its own and ends it: a night makes few of them, and what broke or fell silent takes
 * nothing along.
 */
export class SftpStore implements BackupStore {
  readonly name = SFTP;
  readonly place: string;
  private readonly token = randomBytes(4).toString('hex');
  /** Files that this client has given their place. */
  private readonly given = new Set<string>();
  /** Files that it may have given their place: the answer was lost. */
  private readonly unsure = new Set<string>();
  private readonly closing = new AbortController();

  constructor(
    private readonly config: SftpConfig,
    private readonly options: StoreOptions,
  ) {
    const { user, host, port, path } = config;
    this.place = `sftp://${encodeURIComponent(user)}@${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
  }

  list(signal: AbortSignal): Promise<(StoredFile & { kind: string })[]> {
    return this.call(signal, async (session) => {
      await this.requireFolder(session);
      const files: (StoredFile & { kind: string })[] = [];
      for (const kind of BACKUP_KINDS) {
        for (const { filename: name, attrs } of (await session.entries(this.path(kind))) ?? []) {
          if (!attrs.isFile() || isPartName(name)) continue;
          files.push({ kind, name, bytes: attrs.size, modifiedAt: new Date(attrs.mtime * 1000) });
        }
      }
      return files;
    });
  }

  put(file: PutFile, signal: AbortSignal, progress: (bytes: number) => void = () => undefined): Promise<void> {
    const { kind, name, path: local, bytes, refuseExisting = false } = file;
    const target = this.path(kind, name);
    const part = this.path(kind, formatPartName(name, this.token));
    return this.call(signal, async (session) => {
      await requireSize(this.name, local, bytes);
      await this.requireFolder(session);
      await this.makeFolder(session, this.path(kind));
      const there = refuseExisting && (await session.stat(target)) !== undefined;
      if (there && !(await this.isOurs(session, target, file))) throw this.existing(target);
      try {
        await this.send(session, { local, remote: part, bytes }, progress);
        await this.give(session, part, target, refuseExisting && !there);
      } catch (error) {
        await session.unlink(part).catch(() => undefined);
        throw error;
      }
      const stored = await session.stat(target);
      if (stored?.size !== bytes) {
        throw new StoreFailure(this.name, `kept ${stored?.size ?? 'no'} bytes of ${target} instead of ${bytes}`);
      }
    });
  }

  hash(kind: string, name: string, signal: AbortSignal): Promise<FileHash> {
    return this.call(signal, (session) => this.hashOf(session, this.path(kind, name)));
  }

  download(kind: string, name: string, path: string, signal: AbortSignal): Promise<FileHash> {
    return this.call(signal, async (session, ending) => {
      try {
        return await writeHashed(Readable.from(this.contents(session, this.path(kind, name))), path, ending);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    });
  }

  read(kind: string, name: string, signal: AbortSignal): Promise<string> {
    return this.call(signal, async (session) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of this.contents(session, this.path(kind, name))) {
        bytes += chunk.length;
        if (bytes > TEXT_BYTES) throw new StoreFailure(this.name, `${name} is too large to be a text`, false);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString('utf8');
    });
  }

  remove(kind: string, name: string, signal: AbortSignal): Promise<'removed' | 'kept'> {
    const path = this.path(kind, name);
    return this.call(signal, async (session) => {
      await this.requireFolder(session);
      if (!(await session.stat(path))) return 'removed';
      try {
        await session.unlink(path);
      } catch (error) {
        if (!isStatus(error, SFTP_STATUS.permissionDenied)) throw error;
        const reason = 'the user has no right to remove it';
        this.options.logger.info({ store: this.name, path, reason }, 'The store keeps a file that was to be removed');
        return 'kept';
      }
      this.given.delete(path);
      if (!(await session.stat(path))) return 'removed';
      throw new StoreFailure(this.name, `said that ${path} is removed, and it is still there`);
    });
  }

  now(signal: AbortSignal): Promise<Date | undefined> {
    return this.call(signal, (session) => this.serverTime(session));
  }

  freeBytes(signal: AbortSignal): Promise<number | undefined> {
    return this.call(signal, (session) => session.freeBytes(this.path()));
  }

  sweep(signal: AbortSignal): Promise<number> {
    return this.call(signal, async (session) => {
      const now = await this.serverTime(session);
      if (!now) return 0;
      let swept = 0;
      for (const kind of BACKUP_KINDS) {
        for (const { filename, attrs } of (await session.entries(this.path(kind))) ?? []) {
          const age = now.getTime() - attrs.mtime * 1000;
          if (!attrs.isFile() || !isPartName(filename) || age <= leftoverAgeMs(this.options.limits)) continue;
          if (await this.clear(session, this.path(kind, filename))) swept++;
        }
      }
      return swept;
    });
  }

  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }

  /** Onto the server's disk, as far as the server lets itself be asked. */
  private async send(
    session: SftpSession,
    file: { local: string; remote: string; bytes: number },
    progress: (bytes: number) => void,
  ): Promise<void> {
    const { remote } = file;
    const handle = await session.open(remote, 'w');
    try {
      await sendFile(session, { ...file, handle }, progress);
      await session.sync(remote, handle);
    } catch (error) {
      // To the protocol a full disk is a failure like any other.
      const free = isStatus(error, SFTP_STATUS.failure) ? await session.freeBytes(this.path()) : undefined;
      if (free === undefined || free > NO_ROOM_BYTES) throw error;
      throw new StoreFailure(this.name, `the server’s disk is full: ${free} bytes are free (${this.place})`, false);
    } finally {
      await session.closeFile(remote, handle).catch(() => undefined);
    }
  }

  private async give(session: SftpSession, part: string, target: string, ifAbsent: boolean): Promise<void> {
    this.unsure.add(target);
    try {
      if (ifAbsent) await session.moveToFree(part, target);
      else await session.moveOver(part, target);
    } catch (error) {
      if (!(error instanceof SftpFault)) throw error;
      this.unsure.delete(target);
      throw ifAbsent && (await session.stat(target)) ? this.existing(target) : error;
    }
    this.unsure.delete(target);
    this.given.add(target);
    await this.syncFolder(session, posix.dirname(target));
  }

  /** So that the new name outlives the server's fall. Not every server opens a folder; the file is there all the same. */
  private async syncFolder(session: SftpSession, folder: string): Promise<void> {
    try {
      const handle = await session.open(folder, 'r');
      await session.sync(folder, handle).finally(() => session.closeFile(folder, handle));
    } catch (error) {
      if (!isStatus(error, SFTP_STATUS.failure) && !isStatus(error, SFTP_STATUS.permissionDenied)) throw error;
    }
  }

  /** What is there may be what this client has put there: broken on its way, or whole and the answer lost. */
  private async isOurs(session: SftpSession, target: string, { sha256 }: PutFile): Promise<boolean> {
    if (this.given.has(target)) return true;
    return this.unsure.has(target) && (await this.hashOf(session, target)).sha256 === sha256;
  }

  private existing(target: string): StoreFailure {
    return new StoreFailure(this.name, `${target} exists already and is not replaced`, false);
  }

  private async hashOf(session: SftpSession, path: string): Promise<FileHash> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of this.contents(session, path)) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  }

  private async *contents(session: SftpSession, path: string): AsyncGenerator<Buffer> {
    yield* receiveFile(session, path, await session.open(path, 'r'));
  }

  /** By the time of a file made for it; undefined where none can be made. */
  private async serverTime(session: SftpSession): Promise<Date | undefined> {
    const path = this.path(TIME_NAME);
    try {
      const handle = await session.open(path, 'w');
      const { mtime } = await session.fstat(path, handle).finally(() => session.closeFile(path, handle));
      // Where nothing may be removed it stays, one for good.
      await session.unlink(path).catch((error: unknown) => {
        if (!(error instanceof SftpFault)) throw error;
      });
      return new Date(mtime * 1000);
    } catch (error) {
      if (isStatus(error, SFTP_STATUS.failure) || isStatus(error, SFTP_STATUS.permissionDenied)) return undefined;
      throw error;
    }
  }

  private async requireFolder(session: SftpSession): Promise<void> {
    const there = await session.stat(this.path());
    if (there?.isDirectory()) return;
    throw new StoreFailure(this.name, `there is no folder ${this.path()} on the server (${this.place})`, false);
  }

  private async makeFolder(session: SftpSession, path: string): Promise<void> {
    if (await session.stat(path)) return;
    try {
      await session.makeFolder(path);
    } catch (error) {
      // Another client was quicker.
      if (!(await session.stat(path))) throw error;
    }
  }

  private async clear(session: SftpSession, path: string): Promise<boolean> {
    try {
      await session.unlink(path);
      return true;
    } catch (error) {
      // Another replica has swept it.
      if (isStatus(error, SFTP_STATUS.noSuchFile)) return false;
      if (!isStatus(error, SFTP_STATUS.permissionDenied)) throw error;
      const reason = 'the user has no right to remove it';
      this.options.logger.warn({ store: this.name, path, reason }, 'A part of a broken upload stays in the store');
      return false;
    }
  }

  private path(...parts: string[]): string {
    return posix.join(this.config.path, ...parts);
  }

  private async call<T>(
    signal: AbortSignal,
    work: (session: SftpSession, ending: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const watch = new CallWatch(this.options.limits, AbortSignal.any([signal, this.closing.signal]));
    let session: SftpSession | undefined;
    try {
      session = await SftpSession.open(this.config, watch);
      return await work(session, watch.signal);
    } catch (error) {
      const { ended } = watch;
      if (ended) throw new StoreFailure(this.name, `${watch.words(ended)} (${this.place})`, ended !== 'aborted');
      throw sftpFailure(this.place, error);
    } finally {
      session?.close();
      watch.stop();
    }
  }
}
