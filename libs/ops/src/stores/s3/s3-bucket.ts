import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { S3Config } from '@tiptop/platform';
import type { CallLimits } from '../call-watch';
import { planParts } from './part-plan';
import { createS3Client } from './s3-client';
import { S3Fault } from './s3-fault';

/** Read from the disk at once; small, because what a part takes of the next one's bytes is kept with it. */
const READ_BYTES = 256 * 1024;
/** What is left of an upload is cleared away within this time, or left to the sweeping. */
const ABORT_MS = 15_000;

type Command = Parameters<S3Client['send']>[0];

export interface StoredUpload {
  key: string;
  id: string;
  startedAt: Date;
}

/** The calls of the S3 API that a store is made of, on one bucket. @throws S3Fault from every call */
export class S3Bucket {
  private readonly client: S3Client;

  constructor(
    private readonly config: S3Config,
    limits: CallLimits,
    /** Told of an upload that could not be cleared away. */
    private readonly onLeftover: (key: string) => void,
  ) {
    this.client = createS3Client(config, limits);
  }

  close(): void {
    this.client.destroy();
  }

  /** Objects directly below a folder, with `/` at its end. */
  async *objects(
    prefix: string,
    signal: AbortSignal,
  ): AsyncGenerator<{ key: string; bytes: number; modifiedAt: Date }> {
    let token: string | undefined;
    do {
      const page: ListObjectsV2CommandOutput = await this.run(
        'ListObjectsV2',
        this.client.send(
          new ListObjectsV2Command({ ...this.bucket, Prefix: prefix, Delimiter: '/', ContinuationToken: token }),
          { abortSignal: signal },
        ),
      );
      for (const { Key, Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
        if (Key !== undefined && Key !== prefix) yield { key: Key, bytes: Size, modifiedAt: LastModified };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** Uploads in parts that were neither finished nor cleared away. */
  async *uploads(prefix: string, signal: AbortSignal): AsyncGenerator<StoredUpload> {
    let from: { KeyMarker?: string; UploadIdMarker?: string | undefined } | undefined = {};
    while (from) {
      const page: ListMultipartUploadsCommandOutput = await this.run(
        'ListMultipartUploads',
        this.client.send(new ListMultipartUploadsCommand({ ...this.bucket, Prefix: prefix, ...from }), {
          abortSignal: signal,
        }),
      );
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Key === undefined || UploadId === undefined || !Initiated) continue;
        yield { key: Key, id: UploadId, startedAt: Initiated };
      }
      const { IsTruncated = false, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
      from = IsTruncated && KeyMarker !== undefined ? { KeyMarker, UploadIdMarker } : undefined;
    }
  }

  async abort({ key, id }: { key: string; id: string }, signal: AbortSignal): Promise<void> {
    await this.run(
      'AbortMultipartUpload',
      this.client.send(new AbortMultipartUploadCommand({ ...this.bucket, Key: key, UploadId: id }), {
        abortSignal: signal,
      }),
    );
  }

  /** @returns undefined where there is none; a missing bucket looks the same: see requireBucket() */
  async head(key: string, signal: AbortSignal): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await this.run(
        'HeadObject',
        this.client.send(new HeadObjectCommand({ ...this.bucket, Key: key }), { abortSignal: signal }),
      );
    } catch (error) {
      if (error instanceof S3Fault && error.status === 404) return undefined;
      throw error;
    }
  }

  async get(key: string, signal: AbortSignal): Promise<{ body: Readable; bytes: number | undefined }> {
    const { Body, ContentLength } = await this.run(
      'GetObject',
      this.client.send(new GetObjectCommand({ ...this.bucket, Key: key }), { abortSignal: signal }),
    );
    if (!(Body instanceof Readable)) throw new TypeError('The SDK gives no stream');
    return { body: Body, bytes: ContentLength };
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    await this.run(
      'DeleteObject',
      this.client.send(new DeleteObjectCommand({ ...this.bucket, Key: key }), { abortSignal: signal }),
    );
  }

  /** The time on the store's answer, whatever the answer says; undefined where it has none. */
  async date(signal: AbortSignal): Promise<Date | undefined> {
    let date: string | undefined;
    const command = new HeadBucketCommand(this.bucket);
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        date = (result.response as { headers: Record<string, string> }).headers.date;
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'date' },
    );
    try {
      await this.run('HeadBucket', this.client.send(command, { abortSignal: signal }));
    } catch (error) {
      if (date === undefined) throw error;
    }
    const time = date === undefined ? NaN : Date.parse(date);
    return Number.isNaN(time) ? undefined : new Date(time);
  }

  /** Where an object is not found: that it is not the bucket that is missing. */
  async requireBucket(signal: AbortSignal): Promise<void> {
    await this.run('HeadBucket', this.client.send(new HeadBucketCommand(this.bucket), { abortSignal: signal }));
  }

  /**
   * Stores a file in parts, a small one at once. When this settles nothing goes on behind it, and what was stored of a
   * failed upload is cleared away, or onLeftover told.
   * @param ifAbsent the store refuses it with 412 where the object exists, if it knows that condition
   */
  async upload(
    file: { key: string; path: string; bytes: number; metadata: Record<string, string>; ifAbsent: boolean },
    signal: AbortSignal,
    onProgress: (bytes: number) => void,
  ): Promise<void> {
    const { key, path, bytes, metadata, ifAbsent } = file;
    const body = createReadStream(path, { highWaterMark: READ_BYTES });
    const upload = new Upload({
      client: this.endingWith(signal, key),
      params: {
        ...this.bucket,
        Key: key,
        Body: body,
        ContentLength: bytes,
        ContentType: 'application/octet-stream',
        Metadata: metadata,
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
      },
      ...planParts(bytes),
      leavePartsOnError: false,
    });
    upload.on('httpUploadProgress', ({ loaded = 0 }) => {
      onProgress(loaded);
    });
    try {
      await upload.done();
    } finally {
      body.destroy();
    }
  }

  private get bucket(): { Bucket: string } {
    return { Bucket: this.config.bucket };
  }

  private async run<T>(operation: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw new S3Fault(operation, error);
    }
  }

  /**
   * Upload sends its requests without a signal, and its own way of being aborted leaves them running. So it is never told:
   * it sends through this, its requests end, and it clears up and fails as with any other fault.
   */
  private endingWith(signal: AbortSignal, key: string): S3Client {
    const send = async (command: Command): Promise<unknown> => {
      const clearing = command instanceof AbortMultipartUploadCommand;
      const abortSignal = clearing ? AbortSignal.timeout(ABORT_MS) : signal;
      try {
        return await this.client.send(command, { abortSignal });
      } catch (error) {
        if (!clearing) throw new S3Fault(command.constructor.name.replace(/Command$/, ''), error);
        // Why the upload failed is what has to be told.
        this.onLeftover(key);
        return {};
      }
    };
    return Object.assign(Object.create(this.client) as S3Client, { send });
  }
}
