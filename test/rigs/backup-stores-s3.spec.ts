import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
} from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Store } from '../../libs/ops/src/stores/s3/s3-store';
import {
  failureOf,
  freshName,
  itKeepsTheContract,
  type LocalFile,
  LocalFiles,
  MB,
  never,
} from '../support/store-contract';
import { CephStore } from './support/ceph';
import { S3FaultProxy, type S3FaultKind, type SeenRequest } from './support/s3-faults';
import { StoreLog } from './support/store-log';

const LIMITS = { totalMs: 60_000, stallMs: 10_000 };
const LONG_MS = 120_000;

describe('The remote store on Ceph', () => {
  let ceph: CephStore;
  let proxy: S3FaultProxy;
  let files: LocalFiles;
  let plain: string;
  const log = new StoreLog();
  const stores: S3Store[] = [];

  beforeAll(async () => {
    ceph = await CephStore.start();
    proxy = await S3FaultProxy.open(ceph);
    files = await LocalFiles.create();
    plain = await ceph.createBucket();
  }, LONG_MS);
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await proxy.close();
    await ceph.stop();
    await files.remove();
  });
  afterEach(() => {
    proxy.fail();
    log.clear();
  });

  function open(bucket = plain, options: Parameters<CephStore['config']>[1] = {}, limits = LIMITS): S3Store {
    const store = new S3Store(ceph.config(bucket, options), { limits, logger: log });
    stores.push(store);
    return store;
  }

  /** Behind the proxy. */
  function openFaulty(limits = LIMITS, bucket = plain): S3Store {
    return open(bucket, { endpoint: proxy.url }, limits);
  }

  const uploadsLeft = async (bucket = plain): Promise<string[]> =>
    ((await ceph.admin.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).map(
      ({ Key = '' }) => Key,
    );

  describe('keeps the contract of stores', () => {
    itKeepsTheContract(() => ({
      connect: () => open(plain, { prefix: 'contract/one' }),
      secrets: [ceph.keys.secretAccessKey, ceph.keys.accessKeyId],
    }));
  });

  it('keeps the archive’s own SHA-256 beside it', async () => {
    const { kind, name } = freshName();
    const file = await files.write(9 * MB);
    await open().put({ kind, name, ...file }, never());
    const { Metadata } = await ceph.admin.send(new HeadObjectCommand({ Bucket: plain, Key: `${kind}/${name}` }));
    expect(Metadata).toMatchObject({ sha256: file.sha256 });
  });

  it(
    'lists every page, and nothing outside its folders',
    async () => {
      const Bucket = await ceph.createBucket();
      const keys = Array.from({ length: 1100 }, (_, n) => `mine/daily/${n}`);
      for (const Key of [...keys, 'daily/other', 'mine/daily/deeper/x', 'mine/elsewhere/x', 'mine/x', 'mine/daily/']) {
        await ceph.admin.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
      }
      const listed = await open(Bucket, { prefix: 'mine' }).list(never());
      expect(listed.map(({ kind, name }) => `mine/${kind}/${name}`).sort()).toEqual(keys.sort());
    },
    LONG_MS,
  );

  it('tells the store’s time', async () => {
    proxy.fail(({ method }) => (method === 'HEAD' ? { kind: 'later', hours: 50 } : undefined));
    const told = (await openFaulty().now(never()))!;
    expect(told.getTime() - Date.now()).toBeGreaterThan(49.9 * 3_600_000);
  });

  describe('where files are to be removed', () => {
    it('hides a file of a bucket with versions, and leaves its bytes to the lifecycle', async () => {
      const bucket = await ceph.createBucket({ versions: true });
      const store = open(bucket);
      const { kind, name } = freshName();
      await store.put({ kind, name, ...(await files.write(100)) }, never());
      expect(await store.remove(kind, name, never())).toBe('removed');
      expect(await store.list(never())).toEqual([]);
      const { Versions, DeleteMarkers } = await ceph.admin.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      expect(Versions).toMatchObject([{ Size: 100, IsLatest: false }]);
      expect(DeleteMarkers).toMatchObject([{ IsLatest: true }]);
      // Gone is gone: no marker upon the marker.
      expect(await store.remove(kind, name, never())).toBe('removed');
      const again = await ceph.admin.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      expect(again.DeleteMarkers).toHaveLength(1);
    });

    it('refuses to replace a manifest in a bucket with versions as well', async () => {
      const bucket = await ceph.createBucket({ versions: true });
      const { kind, name } = freshName('daily', '.manifest.json');
      await open(bucket).put({ kind, name, ...(await files.write('1')), refuseExisting: true }, never());
      const next = { kind, name, ...(await files.write('2')), refuseExisting: true };
      expect((await failureOf(open(bucket).put(next, never()))).message).toMatch(/exists already/);
      expect(await open(bucket).read(kind, name, never())).toBe('1');
    });

    it('keeps what Object Lock retains, says until when, and lays no marker over it', async () => {
      const bucket = await ceph.createBucket({ lockDays: 1 });
      const store = open(bucket);
      const { kind, name } = freshName();
      await store.put({ kind, name, ...(await files.write(9 * MB)) }, never());
      expect(await store.remove(kind, name, never())).toBe('kept');
      expect(log.text()).toMatch(/Object Lock \(COMPLIANCE\) retains it until 20/);
      expect(await store.list(never())).toMatchObject([{ kind, name }]);
      const { DeleteMarkers = [] } = await ceph.admin.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      expect(DeleteMarkers).toEqual([]);
    });

    it('removes what was locked once its time is over, by the store’s clock', async () => {
      const Bucket = await ceph.createBucket({ lockDays: 0 });
      const { kind, name } = freshName();
      const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3000);
      const lock = { ObjectLockMode: 'COMPLIANCE' as const, ObjectLockRetainUntilDate: until };
      await ceph.admin.send(
        new PutObjectCommand({
          Bucket,
          Key: `${kind}/${name}`,
          Body: 'x',
          ContentMD5: 'ndTkYSaMgDT1yFZOFVxnpg==',
          ...lock,
        }),
      );
      const store = open(Bucket);
      expect(await store.remove(kind, name, never())).toBe('kept');
      await sleep(until.getTime() - Date.now() + 1500);
      expect(await store.remove(kind, name, never())).toBe('removed');
    });

    it('keeps what a legal hold is on', async () => {
      const Bucket = await ceph.createBucket({ lockDays: 0 });
      const { kind, name } = freshName();
      const store = open(Bucket);
      await store.put({ kind, name, ...(await files.write(1)) }, never());
      const Key = `${kind}/${name}`;
      await ceph.admin.send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status: 'ON' } }));
      expect(await store.remove(kind, name, never())).toBe('kept');
      expect(log.text()).toMatch(/legal hold/);
      await ceph.admin.send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status: 'OFF' } }));
      expect(await store.remove(kind, name, never())).toBe('removed');
    });

    it('works with keys that may not remove: what they put is kept, and that is no failure', async () => {
      const bucket = await ceph.createBucket();
      const store = open(bucket, { keys: await ceph.createWriter(bucket) });
      const { kind, name } = freshName();
      const file = await files.write(9 * MB);
      await store.put({ kind, name, ...file, refuseExisting: true }, never());
      expect(await store.hash(kind, name, never())).toEqual({ bytes: file.bytes, sha256: file.sha256 });
      expect(await store.remove(kind, name, never())).toBe('kept');
      expect(log.text()).toMatch(/no right to remove/);
      expect(await store.list(never())).toHaveLength(1);
      expect(await store.sweep(never())).toBe(0);
    });

    it('is not told “removed” by a bucket that is gone', async () => {
      const failure = await failureOf(open('nowhere').remove('daily', freshName().name, never()));
      expect(failure.message).toMatch(/no such/);
    });

    it('does not believe a store that says so and keeps it', async () => {
      proxy.fail(({ method }) => (method === 'DELETE' ? { kind: 'status', status: 204, code: '' } : undefined));
      const store = openFaulty();
      const { kind, name } = freshName();
      await store.put({ kind, name, ...(await files.write(1)) }, never());
      expect((await failureOf(store.remove(kind, name, never()))).message).toMatch(/still there/);
    });
  });

  describe('with broken uploads of earlier runs', () => {
    /** So many hours, and the store says that the uploads of these keys were begun so long ago. */
    const aged = (ages: Record<string, number>) => {
      proxy.fail(({ method, path }) => {
        if (method !== 'GET' || !path.includes('uploads')) return undefined;
        const alter = (text: string) =>
          text.replace(/<Upload>.*?<\/Upload>/gs, (upload) => {
            const [, key = ''] = /<Key>(.*?)<\/Key>/.exec(upload) ?? [];
            const begun = new Date(Date.now() - (ages[key] ?? 0) * 3_600_000).toISOString();
            return upload.replace(/(<Initiated>).*(<\/Initiated>)/, `$1${begun}$2`);
          });
        return { kind: 'rewrite', alter };
      });
    };
    const OLD = 'daily/daily-20261120T020000Z.tar.age';
    const YOUNG = 'daily/daily-20261121T020000Z.tar.age';
    const OTHERS = ['daily/somebody-elses', 'elsewhere/daily-20261120T020000Z.tar.age'];

    it('sweeps those older than a day, and leaves the younger, and those of others', async () => {
      const Bucket = await ceph.createBucket();
      for (const Key of [OLD, YOUNG, ...OTHERS]) {
        await ceph.admin.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      }
      const store = openFaulty(LIMITS, Bucket);
      expect(await store.sweep(never())).toBe(0);
      aged({ [OLD]: 24.1, [YOUNG]: 23.9, [OTHERS[0]!]: 1000, [OTHERS[1]!]: 1000 });
      expect(await store.sweep(never())).toBe(1);
      expect((await uploadsLeft(Bucket)).sort()).toEqual([YOUNG, ...OTHERS].sort());
    });

    it('leaves those that may be under way for longer than a day', async () => {
      const Bucket = await ceph.createBucket();
      for (const Key of [OLD, YOUNG]) await ceph.admin.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      const store = openFaulty({ ...LIMITS, totalMs: 20 * 3_600_000 }, Bucket);
      aged({ [OLD]: 41, [YOUNG]: 39 });
      expect(await store.sweep(never())).toBe(1);
      expect(await uploadsLeft(Bucket)).toEqual([YOUNG]);
    });

    it('says what it may not clear away, and goes on', async () => {
      const Bucket = await ceph.createBucket();
      const keys = await ceph.createWriter(Bucket);
      await ceph.admin.send(new CreateMultipartUploadCommand({ Bucket, Key: OLD }));
      aged({ [OLD]: 30 });
      expect(await open(Bucket, { keys, endpoint: proxy.url }).sweep(never())).toBe(0);
      expect(log.text()).toMatch(/no right to clear uploads away/);
      expect(await uploadsLeft(Bucket)).toEqual([OLD]);
    });
  });

  describe('when a file is put', () => {
    let large: LocalFile;
    beforeAll(async () => {
      large = await files.write(20 * MB);
    });
    const parts = ({ method, path }: SeenRequest) => method === 'PUT' && path.includes('partNumber=');
    const onPart = (n: number, fault: S3FaultKind) => (request: SeenRequest) =>
      parts(request) && request.path.includes(`partNumber=${n}&`) ? fault : undefined;
    const everything = { kind: 'status', status: 500, code: 'InternalError' } as const;

    it('gets over two answers of 500', async () => {
      const { kind, name } = freshName();
      proxy.fail((request) => (parts(request) && request.nth <= 2 ? everything : undefined));
      const store = openFaulty();
      await store.put({ kind, name, ...large }, never());
      expect(proxy.seen.filter(parts)).toHaveLength(9);
      expect(await store.hash(kind, name, never())).toEqual({ bytes: large.bytes, sha256: large.sha256 });
    });

    it('gives up what is answered 500 for ever, names it, and leaves no part of it', async () => {
      const { kind, name } = freshName();
      proxy.fail((request) => (parts(request) ? everything : undefined));
      const failure = await failureOf(openFaulty().put({ kind, name, ...large }, never()));
      expect(failure.message).toBe(
        `s3: it answered 500 InternalError, tried 3 times (UploadPart, s3://${plain} at ${new URL(proxy.url).host})`,
      );
      expect(failure.mayPass).toBe(true);
      expect(await uploadsLeft()).toEqual([]);
      expect((await open().list(never())).filter((file) => file.name === name)).toEqual([]);
    });

    it.each([
      ['half of a file', 1 * MB, (body: Buffer) => body.subarray(0, body.length / 2)],
      ['46 bytes more than there are', 1 * MB, (body: Buffer) => Buffer.concat([body, Buffer.alloc(46)])],
      ['46 bytes more of a part', 20 * MB, (body: Buffer) => Buffer.concat([body, Buffer.alloc(46)])],
    ])(
      'does not believe a store that says that all is well and keeps %s',
      async (_what, size, alter) => {
        const { kind, name } = freshName();
        proxy.fail(({ method }) => (method === 'PUT' ? { kind: 'store', alter } : undefined));
        const store = openFaulty();
        const file = { kind, name, ...(await files.write(size)), refuseExisting: true };
        const failure = await failureOf(store.put(file, never()));
        expect(failure.message).toMatch(/kept \d+ bytes of .* instead of \d+/);
        expect(failure.mayPass).toBe(true);
        // It is its own, and can be put again as soon as the store tells the truth.
        proxy.fail();
        await store.put(file, never());
        expect((await store.hash(kind, name, never())).sha256).toBe(file.sha256);
      },
      LONG_MS,
    );

    it('finds one changed byte by reading back', async () => {
      const { kind, name } = freshName();
      const flip = (body: Buffer) => {
        const changed = Buffer.from(body);
        changed[12_345]! ^= 1;
        return changed;
      };
      proxy.fail(onPart(2, { kind: 'store', alter: flip }));
      const store = openFaulty();
      await store.put({ kind, name, ...large }, never());
      const { bytes, sha256 } = await store.hash(kind, name, never());
      expect(bytes).toBe(large.bytes);
      expect(sha256).not.toBe(large.sha256);
    });

    it('gives up what is never answered, within its limits, and leaves no part of it', async () => {
      const { kind, name } = freshName();
      proxy.fail((request) => (parts(request) ? { kind: 'hang' } : undefined));
      const started = performance.now();
      const failure = await failureOf(openFaulty({ ...LIMITS, stallMs: 700 }).put({ kind, name, ...large }, never()));
      expect(failure.message).toMatch(/^s3: no byte for 0\.7 s, tried 3 times \(UploadPart/);
      expect(failure.mayPass).toBe(true);
      expect(performance.now() - started).toBeLessThan(10_000);
      expect(await uploadsLeft()).toEqual([]);
    });

    it('stops in the middle when the run does, and leaves no part of it', async () => {
      const { kind, name } = freshName();
      const run = new AbortController();
      proxy.fail(onPart(3, { kind: 'hang' }));
      const putting = failureOf(
        openFaulty().put({ kind, name, ...large }, run.signal, () => {
          run.abort();
        }),
      );
      const started = performance.now();
      const failure = await putting;
      expect(failure.message).toMatch(/stopped/);
      expect(performance.now() - started).toBeLessThan(8000);
      expect(await uploadsLeft()).toEqual([]);
    });

    it('takes its time with a slow line, as long as something moves', async () => {
      const { kind, name } = freshName();
      proxy.fail((request) => (parts(request) ? { kind: 'slow', bytesPerSecond: 1 * MB, seconds: 5 } : undefined));
      const store = openFaulty({ ...LIMITS, stallMs: 3500 });
      // Two whole parts: less than the system takes from us at once would be a silence of its own.
      const file = await files.write(16 * 1024 * 1024);
      const started = performance.now();
      await store.put({ kind, name, ...file }, never());
      expect(performance.now() - started).toBeGreaterThan(4500);
      expect(proxy.seen.filter(parts)).toHaveLength(2);
      expect((await store.hash(kind, name, never())).sha256).toBe(file.sha256);
    });

    it('takes no more than its time', async () => {
      const { kind, name } = freshName();
      proxy.fail((request) => (parts(request) ? { kind: 'slow', bytesPerSecond: 1 * MB, seconds: 60 } : undefined));
      const failure = await failureOf(
        openFaulty({ totalMs: 1500, stallMs: 1000 }).put({ kind, name, ...large }, never()),
      );
      expect(failure.message).toBe('s3: took longer than 1.5 s');
      expect(await uploadsLeft()).toEqual([]);
    });

    it('gets over a connection that is cut in the middle of a part', async () => {
      const { kind, name } = freshName();
      proxy.fail((request) => (parts(request) && request.nth === 1 ? { kind: 'cut', afterBytes: 2 * MB } : undefined));
      const store = openFaulty();
      await store.put({ kind, name, ...large }, never());
      expect((await store.hash(kind, name, never())).sha256).toBe(large.sha256);
    });

    it('names a connection that is cut every time', async () => {
      const { kind, name } = freshName();
      proxy.fail((request) => (parts(request) ? { kind: 'cut', afterBytes: 2 * MB } : undefined));
      const failure = await failureOf(openFaulty().put({ kind, name, ...large }, never()));
      expect(failure.message).toMatch(/the connection was cut \(E[A-Z]+\), tried 3 times \(UploadPart/);
      expect(failure.mayPass).toBe(true);
      expect(await uploadsLeft()).toEqual([]);
    });

    it('knows its own manifest again where the answer was lost', async () => {
      const { kind, name } = freshName('daily', '.manifest.json');
      proxy.fail(({ method, nth }) => (method === 'PUT' && nth === 1 ? { kind: 'lose-answer' } : undefined));
      const file = await files.write('{}');
      await openFaulty().put({ kind, name, ...file, refuseExisting: true }, never());
      expect(proxy.seen.filter(({ method }) => method === 'PUT')).toHaveLength(2);
      expect(await open().read(kind, name, never())).toBe('{}');
    });

    it('knows its own archive again where the answer to its end was lost, and the upload with it', async () => {
      const { kind, name } = freshName();
      proxy.fail(({ method, path, nth }) => {
        if (method !== 'POST' || !path.includes('uploadId=')) return undefined;
        return nth === 1 ? { kind: 'lose-answer' } : { kind: 'status', status: 404, code: 'NoSuchUpload' };
      });
      const store = openFaulty();
      await store.put({ kind, name, ...large }, never());
      expect((await store.hash(kind, name, never())).sha256).toBe(large.sha256);
    });

    it('says so where the upload was cleared away by somebody', async () => {
      const { kind, name } = freshName();
      proxy.fail(({ method, path }) =>
        method === 'POST' && path.includes('uploadId=')
          ? { kind: 'status', status: 404, code: 'NoSuchUpload' }
          : undefined,
      );
      const failure = await failureOf(openFaulty().put({ kind, name, ...large }, never()));
      expect(failure.message).toMatch(/cleared away meanwhile/);
      expect(failure.mayPass).toBe(true);
    });

    it('says what it had to leave, where the parts can’t be cleared away', async () => {
      const { kind, name } = freshName();
      proxy.fail((request) => (parts(request) || request.method === 'DELETE' ? everything : undefined));
      const failure = await failureOf(openFaulty().put({ kind, name, ...large }, never()));
      expect(failure.message).toMatch(/500 InternalError.*UploadPart/);
      expect(log.text()).toMatch(/Parts of a broken upload are left/);
      expect(await uploadsLeft()).toEqual([`${kind}/${name}`]);
    });
  });

  describe('when a file is read back', () => {
    const { kind, name } = freshName('monthly');
    let file: LocalFile;
    beforeAll(async () => {
      file = await files.write(5 * MB);
      await open().put({ kind, name, ...file }, never());
    });
    const onGet =
      (fault: S3FaultKind) =>
      ({ method }: SeenRequest) =>
        method === 'GET' ? fault : undefined;

    it('finds half of it by its hash, where the store says that this is all', async () => {
      proxy.fail(onGet({ kind: 'truncate', announced: false }));
      const half = await openFaulty().hash(kind, name, never());
      expect(half.bytes).toBe(2.5 * MB);
      expect(half.sha256).not.toBe(file.sha256);
    });

    it.each(['hash', 'download', 'read'] as const)(
      'fails to %s half of it, where more was announced',
      async (method) => {
        proxy.fail(onGet({ kind: 'truncate', announced: true }));
        const store = openFaulty();
        const path = `${files.folder}/half`;
        const reading =
          method === 'download' ? store.download(kind, name, path, never()) : store[method](kind, name, never());
        const failure = await failureOf(reading);
        expect(failure.message).toMatch(/the connection was cut|had announced/);
        expect(failure.mayPass).toBe(true);
        await expect(files.has('half')).resolves.toBe(false);
      },
    );

    it('gives up where nothing more comes', async () => {
      proxy.fail(onGet({ kind: 'stall-body' }));
      const failure = await failureOf(openFaulty({ ...LIMITS, stallMs: 700 }).hash(kind, name, never()));
      expect(failure.message).toMatch(/no byte for 0\.7 s/);
    });

    it('stops in the middle when the run does', async () => {
      proxy.fail(onGet({ kind: 'stall-body' }));
      const failure = await failureOf(openFaulty().hash(kind, name, AbortSignal.timeout(300)));
      expect(failure.message).toMatch(/stopped/);
    });

    it('refuses to take an archive for a text', async () => {
      const big = freshName();
      await open().put({ ...big, ...(await files.write(17 * MB)) }, never());
      expect((await failureOf(open().read(big.kind, big.name, never()))).message).toMatch(/too large/);
    });
  });
});
