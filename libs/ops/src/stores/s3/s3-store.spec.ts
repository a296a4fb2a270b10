import type { IncomingHttpHeaders, Server } from 'node:http';
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { listenOnLoopback, stopServer } from '../../../../../test/support/loopback-server';
import { failureOf, freshName, LocalFiles, never } from '../../../../../test/support/store-contract';
import { isAws } from './s3-client';
import { S3Store } from './s3-store';

const KEYS = { accessKeyId: 'AKIDEXAMPLEAKID', secretAccessKey: 'a-secret-of-forty-characters' };

interface Answer {
  status?: number;
  body?: string;
  headers?: Record<string, string>;
}

interface Seen {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
}

/** How an S3 store is spoken to and understood; what a real one does stands in test/rigs. */
describe('The store on S3', () => {
  let server: Server;
  let endpoint: string;
  let files: LocalFiles;
  let seen: Seen[] = [];
  let reply: (request: Seen) => Answer = () => ({});
  const stores: S3Store[] = [];

  beforeAll(async () => {
    files = await LocalFiles.create();
    ({ server, url: endpoint } = await listenOnLoopback(async (request, response) => {
      await request.toArray();
      const asked = { method: request.method!, url: new URL(request.url!, endpoint), headers: request.headers };
      seen.push(asked);
      const { status = 200, body = '', headers = {} } = reply(asked);
      response.writeHead(status, headers);
      response.end(request.method === 'HEAD' ? undefined : body);
    }));
  });
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await stopServer(server);
    await files.remove();
  });
  afterEach(() => {
    seen = [];
    reply = () => ({});
  });

  function open(at = endpoint, stallMs = 5000): S3Store {
    const config = { endpoint: at, region: 'eu-west-3', bucket: 'backups', prefix: 'tip/top', ...KEYS };
    const logger = { info: () => undefined, warn: () => undefined };
    const store = new S3Store(config, { limits: { totalMs: 20_000, stallMs }, logger });
    stores.push(store);
    return store;
  }

  const failing = (status: number, code: string, more = '') => {
    reply = () => ({ status, body: `<Error><Code>${code}</Code>${more}</Error>` });
  };

  it.each([
    [404, 'NoSuchBucket', /there is no such bucket \(ListObjectsV2, s3:\/\/backups\/tip\/top at 127/, false],
    [403, 'AccessDenied', /access denied/, false],
    [403, 'RetentionPolicyNotMet', /access denied/, false],
    [403, 'InvalidAccessKeyId', /the access key is not known there/, false],
    [403, 'SignatureDoesNotMatch', /the secret key or the region is wrong/, false],
    [400, 'AuthorizationHeaderMalformed', /the region is wrong/, false],
    [301, 'PermanentRedirect', /the endpoint or the region is wrong/, false],
    [403, 'RequestTimeTooSkewed', /this machine’s clock differs too much/, false],
    [507, 'InsufficientStorage', /the store is full/, false],
    [400, 'SomethingElse', /it answered 400 SomethingElse/, false],
    [503, 'SlowDown', /it answered 503 SlowDown, tried 3 times/, true],
    [500, 'InternalError', /it answered 500 InternalError, tried 3 times/, true],
  ])('puts %d %s into words', async (status, code, words, mayPass) => {
    failing(status, code);
    const failure = await failureOf(open().list(never()));
    expect(failure.message).toMatch(words);
    expect(failure.mayPass).toBe(mayPass);
  });

  it('repeats nothing of what a store says of our keys', async () => {
    const told = `<AWSAccessKeyId>${KEYS.accessKeyId}</AWSAccessKeyId><StringToSign>${KEYS.secretAccessKey}</StringToSign>`;
    for (const code of ['SignatureDoesNotMatch', 'InvalidAccessKeyId', KEYS.accessKeyId.repeat(5)]) {
      failing(403, code, `<Message>${KEYS.secretAccessKey}</Message>${told}`);
      const text = inspect(await failureOf(open().list(never())), { depth: 20, showHidden: true });
      for (const secret of Object.values(KEYS)) expect(text).not.toContain(secret);
    }
  });

  it('says so where what answers is no S3', async () => {
    reply = () => ({ body: '<html><body>Welcome!</body' });
    expect((await failureOf(open().list(never()))).message).toMatch(/no answer that S3 would give/);
  });

  it('says so where nothing listens, and where it is not what speaks TLS', async () => {
    const refused = await failureOf(open('http://127.0.0.1:1').list(never()));
    expect(refused.message).toMatch(
      /the connection was refused: nothing listens there \(ECONNREFUSED\), tried 3 times/,
    );
    const plain = await failureOf(open(endpoint.replace('http:', 'https:')).list(never()));
    expect(plain.message).toMatch(/TLS/);
    expect(plain.mayPass).toBe(false);
  });

  it('asks for every page of a listing, folder by folder', async () => {
    reply = ({ url }) => {
      const prefix = url.searchParams.get('prefix')!;
      const page = Number(url.searchParams.get('continuation-token') ?? 0);
      if (prefix !== 'tip/top/weekly/') return { body: '<ListBucketResult/>' };
      const time = '2026-11-22T02:00:00.000Z';
      return {
        body: `<ListBucketResult><IsTruncated>${page < 2}</IsTruncated><NextContinuationToken>${page + 1}</NextContinuationToken>
          <Contents><Key>${prefix}file-${page}</Key><Size>${page}</Size><LastModified>${time}</LastModified></Contents></ListBucketResult>`,
      };
    };
    const modifiedAt = new Date('2026-11-22T02:00:00Z');
    expect(await open().list(never())).toEqual(
      [0, 1, 2].map((n) => ({ kind: 'weekly', name: `file-${n}`, bytes: n, modifiedAt })),
    );
    expect(new Set(seen.map(({ url }) => url.searchParams.get('delimiter')))).toEqual(new Set(['/']));
    // A slash at the end of a bucket's path says nothing, and comes and goes with the client's version.
    expect(seen.map(({ url }) => url.pathname.replace(/\/$/, ''))).toEqual(Array(7).fill('/backups'));
  });

  it('asks for every page of broken uploads', async () => {
    reply = ({ method, url }) => {
      if (method === 'HEAD') return { headers: { date: 'Sun, 22 Nov 2026 02:00:00 GMT' } };
      if (method === 'DELETE') return { status: 204 };
      const prefix = url.searchParams.get('prefix')!;
      const from = url.searchParams.get('upload-id-marker');
      if (prefix !== 'tip/top/daily/') return { body: '<ListMultipartUploadsResult/>' };
      const key = `${prefix}daily-20261101T020000Z.tar.age`;
      const id = from === null ? 'first' : 'second';
      return {
        body: `<ListMultipartUploadsResult><IsTruncated>${id === 'first'}</IsTruncated>
          <NextKeyMarker>${key}</NextKeyMarker><NextUploadIdMarker>${id}</NextUploadIdMarker>
          <Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>2026-11-01T02:00:00.000Z</Initiated></Upload>
          </ListMultipartUploadsResult>`,
      };
    };
    expect(await open().sweep(never())).toBe(2);
    const cleared = seen.filter(({ method }) => method === 'DELETE').map(({ url }) => url.searchParams.get('uploadId'));
    expect(cleared).toEqual(['first', 'second']);
  });

  it('sweeps nothing by a clock of its own', async () => {
    reply = () => ({ body: '<ListMultipartUploadsResult/>', headers: { date: 'no date' } });
    expect(await open().sweep(never())).toBe(0);
    expect(await open().now(never())).toBeUndefined();
    expect(seen.every(({ method }) => method === 'HEAD')).toBe(true);
  });

  it('tells the time by an answer of whatever kind', async () => {
    reply = () => ({ status: 403, headers: { date: 'Sun, 22 Nov 2026 02:00:00 GMT' } });
    expect(await open().now(never())).toEqual(new Date('2026-11-22T02:00:00Z'));
  });

  it('sends a manifest in a way that every store understands', async () => {
    const { kind, name } = freshName('daily', '.manifest.json');
    const text = '{"a":1}';
    const file = await files.write(text);
    let stored: Record<string, string> | undefined;
    reply = ({ method, headers }) => {
      if (method === 'HEAD') return stored ? { headers: { ...stored, 'content-length': '7' } } : { status: 404 };
      stored = Object.fromEntries(
        Object.entries(headers).flatMap(([key, value]) =>
          key.startsWith('x-amz-meta-') ? [[key, String(value)]] : [],
        ),
      );
      return { headers: { etag: '"of no use"' } };
    };
    await open().put({ kind, name, ...file, refuseExisting: true }, never());
    expect(seen.map(({ method }) => method)).toEqual(['HEAD', 'PUT', 'HEAD']);
    const { url, headers } = seen[1]!;
    expect(url.pathname).toBe(`/backups/tip/top/daily/${name}`);
    expect(headers).toMatchObject({
      'content-length': String(text.length),
      'content-md5': createHash('md5').update(text).digest('base64'),
      'if-none-match': '*',
      'x-amz-meta-sha256': file.sha256,
      'x-amz-content-sha256': file.sha256,
    });
    // Ceph answers such with 411, Google with 412.
    const unwanted = /checksum|sdk-checksum|trailer|decoded|^expect$|^transfer-encoding$|^content-encoding$/;
    expect(Object.keys(headers).filter((key) => unwanted.test(key))).toEqual([]);
  });

  it('does not take the same moment’s writer for itself where the store ignores the condition', async () => {
    const { kind, name } = freshName('daily', '.manifest.json');
    const file = await files.write('mine');
    let written = false;
    reply = ({ method }) => {
      if (method === 'PUT') written = true;
      if (method !== 'HEAD') return { headers: { etag: '"x"' } };
      return written ? { headers: { 'content-length': '4', 'x-amz-meta-upload': 'another' } } : { status: 404 };
    };
    const failure = await failureOf(open().put({ kind, name, ...file, refuseExisting: true }, never()));
    expect(failure.message).toMatch(/exists already and is not replaced/);
  });

  it('believes a store without metadata that has the right size', async () => {
    const { kind, name } = freshName('daily', '.manifest.json');
    let written = false;
    reply = ({ method }) => {
      if (method === 'PUT') written = true;
      if (method !== 'HEAD') return { headers: { etag: '"x"' } };
      return written ? { headers: { 'content-length': '4' } } : { status: 404 };
    };
    await open().put({ kind, name, ...(await files.write('mine')), refuseExisting: true }, never());
  });

  it('addresses buckets by path, but on AWS', () => {
    expect(isAws('https://s3.eu-west-3.amazonaws.com')).toBe(true);
    expect(isAws('https://s3.cn-north-1.amazonaws.com.cn')).toBe(true);
    for (const other of ['https://storage.googleapis.com', 'https://amazonaws.com.example', 'http://127.0.0.1:9000']) {
      expect(isAws(other)).toBe(false);
    }
  });
});
