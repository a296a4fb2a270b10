import { createHash, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { S3Config } from '@tiptop/platform';
import { writeHashed } from '../../artifacts/hashed-file';
import { BACKUP_KINDS, parseFileName } from '../../backups/backup-id';
import { type BackupStore, type FileHash, StoreFailure, type StoredFile } from '../backup-store';
import { CallWatch } from '../call-watch';
import { requireSize } from '../local-file';
import { leftoverAgeMs, type StoreOptions, TEXT_BYTES } from '../store-options';
import { S3Bucket } from './s3-bucket';
import { s3Failure } from './s3-failure';
import { S3Fault } from './s3-fault';

type PutFile = Parameters<BackupStore['put']>[0];

/**
 * Backups in a bucket, by the S3 API: AWS, Ceph, MinIO, and Google's Cloud Storage with the interoperability endpoint and
 * an HMAC key (https://cloud.google.com/storage/docs/aws-simple-migration). Objects are `<prefix>/<kind>/<name>`; nothing
 * else in the bucket is looked at.
 *
 * `refuseExisting` is asked for as `If-None-Match: *`. Google knows that condition for reading alone, and Ceph 16 ignores
 * it in a bucket with versions; so it is looked before and after as well, and of two that write at the very same time one
 * can still follow the other there. Runs exclude each other by locks of their own.
 *
 * In a bucket with versions a removed file is one that nobody finds by its name any more: the version below the delete
 * marker stays until the bucket's lifecycle rule takes it, which is what versions are switched on for. A version that
 * Object Lock retains is `kept`, without a marker, so that what is listed is what there is.
 */
export class S3Store implements BackupStore {
  readonly name = 's3';
  readonly place: string;
  private readonly bucket: S3Bucket;
  /** Tells an object that this client has put from another's: it may have done so although the answer was lost. */
  private readonly token = randomUUID();

  constructor(
    private readonly config: S3Config,
    private readonly options: StoreOptions,
  ) {
    const { bucket, prefix, endpoint } = config;
    this.place = `s3://${[bucket, prefix].filter(Boolean).join('/')} at ${new URL(endpoint).host}`;
    this.bucket = new S3Bucket(config, options.limits, (key) => {
      options.logger.warn({ store: this.name, key }, 'Parts of a broken upload are left; they are swept after a day');
    });
  }

  list(signal: AbortSignal): Promise<(StoredFile & { kind: string })[]> {
    return this.call(signal, async (ending) => {
      const files: (StoredFile & { kind: string })[] = [];
      for (const kind of BACKUP_KINDS) {
        const folder = this.key(kind, '');
        for await (const { key, bytes, modifiedAt } of this.bucket.objects(folder, ending)) {
          files.push({ kind, name: key.slice(folder.length), bytes, modifiedAt });
        }
      }
      return files;
    });
  }

  put(file: PutFile, signal: AbortSignal, progress: (bytes: number) => void = () => undefined): Promise<void> {
    const key = this.key(file.kind, file.name);
    return this.call(signal, async (ending) => {
      await requireSize(this.name, file.path, file.bytes);
      const there = file.refuseExisting ? await this.bucket.head(key, ending) : undefined;
      if (there && !this.isOurs(there, file)) throw this.existing(key);
      await this.upload(key, file, file.refuseExisting === true && !there, ending, progress);
      const stored = await this.bucket.head(key, ending);
      if (!stored) throw new StoreFailure(this.name, `took ${key}, and now there is no such file`);
      // Who keeps no metadata can't tell whose it is; what it is, is read back.
      const { upload } = stored.Metadata ?? {};
      if (file.refuseExisting && upload !== undefined && upload !== this.token) throw this.existing(key);
      const { ContentLength = -1 } = stored;
      if (ContentLength !== file.bytes) {
        throw new StoreFailure(this.name, `kept ${ContentLength} bytes of ${key} instead of ${file.bytes}`);
      }
    });
  }

  hash(kind: string, name: string, signal: AbortSignal): Promise<FileHash> {
    return this.call(signal, async (ending) => {
      const { body, bytes: told } = await this.bucket.get(this.key(kind, name), ending);
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        hash.update(chunk);
        bytes += chunk.length;
      }
      this.requireWhole(name, bytes, told);
      return { bytes, sha256: hash.digest('hex') };
    });
  }

  download(kind: string, name: string, path: string, signal: AbortSignal): Promise<FileHash> {
    return this.call(signal, async (ending) => {
      try {
        const { body, bytes: told } = await this.bucket.get(this.key(kind, name), ending);
        const written = await writeHashed(body, path, ending);
        this.requireWhole(name, written.bytes, told);
        return written;
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    });
  }

  read(kind: string, name: string, signal: AbortSignal): Promise<string> {
    return this.call(signal, async (ending) => {
      const { body, bytes: told = 0 } = await this.bucket.get(this.key(kind, name), ending);
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > TEXT_BYTES) throw new StoreFailure(this.name, `${name} is too large to be a text`, false);
        chunks.push(chunk);
      }
      this.requireWhole(name, bytes, told);
      return Buffer.concat(chunks).toString('utf8');
    });
  }

  remove(kind: string, name: string, signal: AbortSignal): Promise<'removed' | 'kept'> {
    const key = this.key(kind, name);
    return this.call(signal, async (ending) => {
      const there = await this.bucket.head(key, ending);
      if (!there) {
        await this.bucket.requireBucket(ending);
        return 'removed';
      }
      const lock = await this.lockOf(there, ending);
      if (lock !== undefined) return this.keep(key, lock);
      try {
        await this.bucket.delete(key, ending);
      } catch (error) {
        if (!(error instanceof S3Fault) || !error.forbidden) throw error;
        return this.keep(key, 'the access key has no right to remove it, or a policy forbids it');
      }
      if (!(await this.bucket.head(key, ending))) return 'removed';
      throw new StoreFailure(this.name, `said that ${key} is removed, and it is still there`);
    });
  }

  now(signal: AbortSignal): Promise<Date | undefined> {
    return this.call(signal, (ending) => this.bucket.date(ending));
  }

  /** A bucket has no end that it tells of. */
  freeBytes(_signal: AbortSignal): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  sweep(signal: AbortSignal): Promise<number> {
    return this.call(signal, async (ending) => {
      const now = await this.bucket.date(ending);
      if (!now) return 0;
      let swept = 0;
      for (const kind of BACKUP_KINDS) {
        const folder = this.key(kind, '');
        for await (const upload of this.bucket.uploads(folder, ending)) {
          const stale = now.getTime() - upload.startedAt.getTime() > leftoverAgeMs(this.options.limits);
          if (!stale || !parseFileName(upload.key.slice(folder.length))) continue;
          if (await this.clear(upload, ending)) swept++;
        }
      }
      return swept;
    });
  }

  close(): Promise<void> {
    this.bucket.close();
    return Promise.resolve();
  }

  private async upload(
    key: string,
    file: PutFile,
    ifAbsent: boolean,
    ending: AbortSignal,
    progress: (bytes: number) => void,
  ): Promise<void> {
    const metadata = { sha256: file.sha256, upload: this.token };
    try {
      await this.bucket.upload({ key, path: file.path, bytes: file.bytes, metadata, ifAbsent }, ending, progress);
    } catch (error) {
      // The SDK sends again what was not answered: then the object, or the upload that is over, is our own first attempt.
      const ambiguous = error instanceof S3Fault && (error.status === 412 || error.code === 'NoSuchUpload');
      if (!ambiguous) throw error;
      const there = await this.bucket.head(key, ending);
      if (there && this.isOurs(there, file)) return;
      throw error.status === 412 ? this.existing(key) : error;
    }
  }

  private isOurs({ Metadata }: HeadObjectCommandOutput, { sha256 }: PutFile): boolean {
    return Metadata?.upload === this.token && Metadata.sha256 === sha256;
  }

  private existing(key: string): StoreFailure {
    return new StoreFailure(this.name, `${key} exists already and is not replaced (412)`, false);
  }

  /** Why Object Lock forbids to remove it; undefined where it does not. */
  private async lockOf(
    { ObjectLockLegalHoldStatus, ObjectLockMode, ObjectLockRetainUntilDate: until }: HeadObjectCommandOutput,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (ObjectLockLegalHoldStatus === 'ON') return 'a legal hold is on it';
    if (ObjectLockMode === undefined || !until) return undefined;
    // By the store's clock, since it is the store that unlocks it; without one, the lock counts.
    const now = await this.bucket.date(signal);
    if (now && now >= until) return undefined;
    return `Object Lock (${ObjectLockMode}) retains it until ${until.toISOString()}`;
  }

  private keep(key: string, reason: string): 'kept' {
    this.options.logger.info({ store: this.name, key, reason }, 'The store keeps a file that was to be removed');
    return 'kept';
  }

  private async clear(upload: { key: string; id: string }, ending: AbortSignal): Promise<boolean> {
    try {
      await this.bucket.abort(upload, ending);
      return true;
    } catch (error) {
      if (!(error instanceof S3Fault)) throw error;
      // Finished or swept by another replica meanwhile.
      if (error.code === 'NoSuchUpload') return false;
      if (!error.forbidden) throw error;
      const reason = 'the access key has no right to clear uploads away';
      this.options.logger.warn(
        { store: this.name, key: upload.key, reason },
        'Parts of a broken upload stay in the store',
      );
      return false;
    }
  }

  private requireWhole(name: string, bytes: number, told: number | undefined): void {
    if (told === undefined || told === bytes) return;
    throw new StoreFailure(this.name, `gave ${bytes} bytes of ${name} and had announced ${told}`);
  }

  private key(kind: string, name: string): string {
    return [this.config.prefix, kind, name].filter((part, n) => n > 0 || part !== '').join('/');
  }

  private async call<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const watch = new CallWatch(this.options.limits, signal);
    try {
      return await work(watch.signal);
    } catch (error) {
      if (watch.ended) throw new StoreFailure(this.name, watch.words(watch.ended), watch.ended !== 'aborted');
      if (error instanceof StoreFailure) throw error;
      const fault = error instanceof S3Fault ? error : new S3Fault('', error);
      const where = [fault.operation, this.place].filter(Boolean).join(', ');
      throw s3Failure(this.name, where, fault.error, this.options.limits);
    } finally {
      watch.stop();
    }
  }
}
