import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import type { SftpConfig } from '@tiptop/platform';
import {
  Client,
  type FileEntryWithStats,
  type ServerHostKeyAlgorithm,
  type SFTPWrapper,
  type Stats,
  utils,
} from 'ssh2';
import { StoreFailure } from '../backup-store';
import type { CallWatch } from '../call-watch';
import { fingerprint, parseHostKey, signatureAlgorithms } from './host-key';
import { isStatus, SFTP, SFTP_STATUS, SftpFault } from './sftp-failure';

/** From the first packet to being let in. */
const CONNECT_MS = 30_000;
/** For the routers between. Who does not answer is found out by silence: an answer may wait behind megabytes of data. */
const KEEPALIVE_MS = 15_000;
/** What ssh2 throws where the server has not announced an extension. */
const UNSUPPORTED = 'Server does not support this extended request';
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

type Done<T> = (error?: Error | null, value?: T) => void;

/**
 * One connection to the server and what is done over it. It ends with its watch: a request that is not answered is not
 * waited for, whatever becomes of the connection.
 */
export class SftpSession {
  private sftp: SFTPWrapper | undefined;
  private socket: Socket | undefined;
  private broken: Error | undefined;
  private readonly waiting = new Set<(error: Error) => void>();
  private readonly client = new Client();
  private readonly onAbort = (): void => {
    this.break(new Error('ended'));
  };

  private constructor(private readonly watch: CallWatch) {
    watch.signal.addEventListener('abort', this.onAbort, { once: true });
    if (watch.signal.aborted) this.onAbort();
  }

  /** @throws StoreFailure, or what sftpFailure() puts into words */
  static async open(config: SftpConfig, watch: CallWatch): Promise<SftpSession> {
    const session = new SftpSession(watch);
    try {
      await session.connect(config);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  close(): void {
    this.watch.signal.removeEventListener('abort', this.onAbort);
    if (!this.broken) {
      this.broken = new Error('closed');
      this.client.end();
      // Without waiting for a farewell.
      this.socket?.destroySoon();
    }
  }

  open(path: string, flags: 'r' | 'w'): Promise<Buffer> {
    return this.request(path, (sftp, done: Done<Buffer>) => {
      sftp.open(path, flags, FILE_MODE, done);
    });
  }

  /** At most what is asked for, none at the end of the file. */
  async read(path: string, handle: Buffer, into: Buffer, position: number): Promise<number> {
    try {
      return await this.request(path, (sftp, done: Done<number>) => {
        sftp.read(handle, into, 0, into.length, position, done);
      });
    } catch (error) {
      if (isStatus(error, SFTP_STATUS.endOfFile)) return 0;
      throw error;
    }
  }

  async write(path: string, handle: Buffer, from: Buffer, position: number): Promise<void> {
    await this.request(path, (sftp, done: Done<unknown>) => {
      sftp.write(handle, from, 0, from.length, position, done);
    });
  }

  async closeFile(path: string, handle: Buffer): Promise<void> {
    await this.request(path, (sftp, done) => {
      sftp.close(handle, done);
    });
  }

  /** On to the server's disk. @returns false where the server cannot be asked for it */
  async sync(path: string, handle: Buffer): Promise<boolean> {
    return this.ifSupported(async () => {
      await this.request(path, (sftp, done) => {
        sftp.ext_openssh_fsync(handle, done);
      });
      return true;
    }, false);
  }

  /** Of an open file. */
  fstat(path: string, handle: Buffer): Promise<Stats> {
    return this.request(path, (sftp, done: Done<Stats>) => {
      sftp.fstat(handle, done);
    });
  }

  /** @returns undefined where there is no such file */
  async stat(path: string): Promise<Stats | undefined> {
    try {
      return await this.request(path, (sftp, done: Done<Stats>) => {
        sftp.stat(path, done);
      });
    } catch (error) {
      if (isStatus(error, SFTP_STATUS.noSuchFile)) return undefined;
      throw error;
    }
  }

  /** @returns undefined where there is no such folder */
  async entries(path: string): Promise<FileEntryWithStats[] | undefined> {
    try {
      return await this.request(path, (sftp, done: Done<FileEntryWithStats[]>) => {
        sftp.readdir(path, done);
      });
    } catch (error) {
      if (isStatus(error, SFTP_STATUS.noSuchFile)) return undefined;
      throw error;
    }
  }

  async makeFolder(path: string): Promise<void> {
    await this.request(path, (sftp, done) => {
      sftp.mkdir(path, { mode: FOLDER_MODE }, done);
    });
  }

  async unlink(path: string): Promise<void> {
    await this.request(path, (sftp, done) => {
      sftp.unlink(path, done);
    });
  }

  /** Fails where something is at the new name already: so the protocol has it, and OpenSSH does it by a link. */
  async moveToFree(from: string, to: string): Promise<void> {
    await this.request(to, (sftp, done) => {
      sftp.rename(from, to, done);
    });
  }

  /** Takes the place of what is at the new name, in one step where the server can do that. */
  async moveOver(from: string, to: string): Promise<void> {
    const moved = await this.ifSupported(async () => {
      await this.request(to, (sftp, done) => {
        sftp.ext_openssh_rename(from, to, done);
      });
      return true;
    }, false);
    if (moved) return;
    if (await this.stat(to)) await this.unlink(to);
    await this.moveToFree(from, to);
  }

  /** @returns undefined where the server does not tell */
  async freeBytes(path: string): Promise<number | undefined> {
    return this.ifSupported(async () => {
      const { f_bavail, f_frsize } = await this.request(path, (sftp, done: Done<Record<string, number>>) => {
        sftp.ext_openssh_statvfs(path, done as (error?: Error, value?: unknown) => void);
      });
      return (f_bavail ?? 0) * (f_frsize ?? 0);
    }, undefined);
  }

  private async connect(config: SftpConfig): Promise<void> {
    const { host, port, user, keyFile, hostKey } = config;
    const pinned = parseHostKey(hostKey);
    const privateKey = await readFile(keyFile);
    const parsed = utils.parseKey(privateKey);
    if (parsed instanceof Error || !parsed.isPrivateKey()) {
      throw new StoreFailure(SFTP, `${keyFile} is not a private key in OpenSSH’s format without a passphrase`, false);
    }
    this.client.on('error', (error) => {
      this.break(error);
    });
    this.client.on('close', () => {
      this.break(new Error('closed by the server'));
    });
    if (this.broken) throw this.broken;
    const socket = connect({ host, port, noDelay: true });
    this.socket = socket;
    this.watch.listen();
    await this.wait((done) => {
      this.client.once('ready', () => {
        done();
      });
      this.client.connect({
        sock: socket,
        username: user,
        privateKey,
        authHandler: ['publickey'],
        readyTimeout: CONNECT_MS,
        keepaliveInterval: KEEPALIVE_MS,
        keepaliveCountMax: Number.MAX_SAFE_INTEGER,
        algorithms: { serverHostKey: signatureAlgorithms(pinned.type) as ServerHostKeyAlgorithm[] },
        hostVerifier: (shown: Buffer) => {
          if (shown.equals(pinned.blob)) return true;
          const keys = `${fingerprint(shown)} instead of ${fingerprint(pinned.blob)}`;
          this.break(new StoreFailure(SFTP, `${host}:${port} shows the host key ${keys}: nothing was sent`, false));
          return false;
        },
      });
    });
    this.watch.moved();
    this.sftp = await this.wait<SFTPWrapper>((done) => {
      this.client.sftp(done);
    });
  }

  /** What OpenSSH's server can do beyond the protocol, and others may not. */
  private async ifSupported<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const unknown = Error.isError(error) && error.message === UNSUPPORTED;
      if (unknown || isStatus(error, SFTP_STATUS.unsupported)) return otherwise;
      throw error;
    }
  }

  /** @param path that is told where the server refuses */
  private async request<T>(path: string, start: (sftp: SFTPWrapper, done: Done<T>) => void): Promise<T> {
    const { sftp } = this;
    if (!sftp) throw new Error('not connected');
    try {
      const value = await this.wait<T>((done) => {
        start(sftp, done);
      });
      this.watch.moved();
      return value;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (error !== this.broken && typeof code === 'number') throw new SftpFault(code, path);
      throw error;
    }
  }

  /** One answer, or the end of the connection, whichever comes first. */
  private wait<T>(start: (done: Done<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.broken) {
        reject(this.broken);
        return;
      }
      this.waiting.add(reject);
      const done: Done<T> = (error, value) => {
        this.waiting.delete(reject);
        if (error) reject(this.broken ?? error);
        else resolve(value as T);
      };
      try {
        start(done);
      } catch (error) {
        done(error as Error);
      }
    });
  }

  /** The first cause counts; what follows of it is of no interest. */
  private break(error: Error): void {
    if (this.broken) return;
    this.broken = error;
    for (const reject of this.waiting) reject(error);
    this.waiting.clear();
    this.socket?.destroy();
  }
}
