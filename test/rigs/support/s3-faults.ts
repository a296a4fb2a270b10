import { once } from 'node:events';
import { type IncomingMessage, request as send, type Server, type ServerResponse } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenOnLoopback, stopServer } from '../../support/loopback-server';
import type { S3Keys } from './ceph';
import { resign } from './signed-request';

/** A request as it passed. */
export interface SeenRequest {
  method: string;
  /** With its query. */
  path: string;
  /** Which one of this method on this path, from 1. */
  nth: number;
}

/**
 * What goes wrong with a request:
 * - `status`: answered by the proxy instead, with that status and that code
 * - `store`: the store takes other bytes than were sent, and says that all is well
 * - `hang`: taken and never answered
 * - `cut`: the connection ends after so many bytes of the request
 * - `lose-answer`: done by the store, and the connection ends instead of an answer
 * - `truncate`: half of the answer's body, `announced` in full or not
 * - `stall-body`: half of the answer's body, and then nothing more
 * - `slow`: the request is taken at so many bytes a second, for so many seconds
 * - `later`: the answer's Date is so many hours ahead
 * - `rewrite`: the answer's text is another
 */
export type S3FaultKind =
  | { kind: 'status'; status: number; code: string }
  | { kind: 'store'; alter: (body: Buffer) => Buffer }
  | { kind: 'hang' }
  | { kind: 'cut'; afterBytes: number }
  | { kind: 'lose-answer' }
  | { kind: 'truncate'; announced: boolean }
  | { kind: 'stall-body' }
  | { kind: 'slow'; bytesPerSecond: number; seconds: number }
  | { kind: 'rewrite'; alter: (text: string) => string }
  | { kind: 'later'; hours: number };

/** Stands before an S3 store, hands requests through as they are, signatures and all, and fails where it is told to. */
export class S3FaultProxy {
  /** Everything that came, in that order. */
  readonly seen: SeenRequest[] = [];
  private hook: (request: SeenRequest) => S3FaultKind | undefined = () => undefined;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open({ endpoint, keys }: { endpoint: string; keys: S3Keys }): Promise<S3FaultProxy> {
    const counts = new Map<string, number>();
    const { server, url } = await listenOnLoopback(async (request, response) => {
      const { method = '', url: path = '' } = request;
      const nth = (counts.get(`${method} ${path}`) ?? 0) + 1;
      counts.set(`${method} ${path}`, nth);
      const seen = { method, path, nth };
      proxy.seen.push(seen);
      await serve(request, response, new URL(endpoint), keys, proxy.hook(seen));
    });
    const proxy = new S3FaultProxy(server, url);
    return proxy;
  }

  /** From now on this decides what fails; without a hook nothing does. */
  fail(hook: (request: SeenRequest) => S3FaultKind | undefined = () => undefined): void {
    this.seen.length = 0;
    this.hook = hook;
  }

  async close(): Promise<void> {
    await stopServer(this.server);
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  store: URL,
  keys: S3Keys,
  fault: S3FaultKind | undefined,
): Promise<void> {
  switch (fault?.kind) {
    case 'status': {
      await drain(request);
      response.writeHead(fault.status, { 'content-type': 'application/xml' });
      response.end(request.method === 'HEAD' ? '' : `<Error><Code>${fault.code}</Code></Error>`);
      return;
    }
    case 'hang':
      await drain(request);
      return;
    case 'cut': {
      const { socket } = request;
      let bytes = 0;
      for await (const chunk of request as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes >= fault.afterBytes) break;
      }
      socket.destroy();
      return;
    }
    case 'store': {
      const body = fault.alter(await drain(request));
      const { method = '', url: path = '', headers } = request;
      const signed = resign({ method, path, headers }, store.host, keys);
      const upstream = send(new URL(path, store), { method, headers: { ...signed, 'content-length': body.length } });
      upstream.end(body);
      await answer(upstream, response, undefined);
      return;
    }
    case 'lose-answer':
    case 'truncate':
    case 'stall-body':
    case 'slow':
    case 'later':
    case 'rewrite':
    case undefined: {
      const { method, url: path = '', headers } = request;
      const upstream = send(new URL(path, store), { method, headers });
      const answered = answer(upstream, response, fault);
      const through = fault?.kind === 'slow' ? [throttle(fault)] : [];
      await Promise.all([answered, pipeline([request, ...through, upstream])]);
    }
  }
}

async function answer(
  upstream: ReturnType<typeof send>,
  response: ServerResponse,
  fault: S3FaultKind | undefined,
): Promise<void> {
  const [answered] = (await once(upstream, 'response')) as [IncomingMessage];
  if (fault?.kind === 'lose-answer') {
    await drain(answered);
    response.destroy();
    return;
  }
  if (fault?.kind === 'later') {
    answered.headers.date = new Date(Date.now() + fault.hours * 3_600_000).toUTCString();
  }
  if (fault?.kind === 'rewrite') {
    const text = Buffer.from(fault.alter((await drain(answered)).toString()));
    response.writeHead(answered.statusCode ?? 500, { 'content-type': 'application/xml', date: answered.headers.date });
    response.end(text);
    return;
  }
  if (fault?.kind !== 'truncate' && fault?.kind !== 'stall-body') {
    response.writeHead(answered.statusCode ?? 500, answered.headers);
    await pipeline(answered, response);
    return;
  }
  const body = await drain(answered);
  const half = body.subarray(0, Math.floor(body.length / 2));
  const whole = fault.kind === 'stall-body' || fault.announced ? body : half;
  response.writeHead(answered.statusCode ?? 500, { ...answered.headers, 'content-length': whole.length });
  if (whole === half) {
    response.end(half);
    return;
  }
  await new Promise<void>((resolve) => {
    response.write(half, () => {
      resolve();
    });
  });
  if (fault.kind === 'truncate') response.destroy();
}

async function drain(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function throttle({ bytesPerSecond, seconds }: { bytesPerSecond: number; seconds: number }): Transform {
  const until = performance.now() + seconds * 1000;
  return new Transform({
    transform(chunk: Buffer, _encoding, done): void {
      const pause = performance.now() < until ? (chunk.length / bytesPerSecond) * 1000 : 0;
      void sleep(pause).then(() => {
        done(null, chunk);
      });
    },
  });
}
