import { type ClientRequest, type IncomingMessage, request as begin } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EngineAddress } from './engine-address';
import { EngineFailure, type EngineFault } from './engine-failure';

export interface EngineLimits {
  /** A call may not take longer, its whole answer included. */
  totalMs: number;
  /** Nor be without a byte for so long. */
  stallMs: number;
}

/** One call of the engine's HTTP API. */
export interface EngineCall {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Path and query, encoded. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** A stream is sent as it comes. */
  body?: string | Readable;
}

/** Takes in an answer; what it starts ends with the signal. The answer is gone once it is through. */
export type Consumer<T> = (answer: IncomingMessage, signal: AbortSignal) => Promise<T>;

/** Calls the engine: each call on a connection of its own, with limits for the whole and for silence. */
export class EngineConnection {
  constructor(
    private readonly address: EngineAddress,
    private readonly limits: EngineLimits,
  ) {}

  /** @throws EngineFailure, and whatever the consumer throws by itself */
  async call<T>(call: EngineCall, signal: AbortSignal, consume: Consumer<T>): Promise<T> {
    const { place } = this.address;
    if (signal.aborted) throw new EngineFailure('aborted', `The engine at ${place} was not asked: the run stops`);
    const stop = new AbortController();
    const opened: { destroy: (error: Error) => unknown }[] = [];
    const end = (fault: EngineFault, what: string): void => {
      const failure = new EngineFailure(fault, `The engine at ${place} ${what}`);
      stop.abort(failure);
      for (const stream of opened) stream.destroy(failure);
    };
    const onAbort = (): void => {
      end('aborted', 'was not waited for: the run stops');
    };
    const total = setTimeout(() => {
      end('too-long', `took longer than ${inSeconds(this.limits.totalMs)}`);
    }, this.limits.totalMs);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const request = begin({
        ...this.address.options,
        agent: false,
        method: call.method,
        path: call.path,
        headers: call.headers,
        // Counts the time to connect as well, unlike setTimeout of the request.
        timeout: this.limits.stallMs,
      });
      opened.push(request);
      request.on('timeout', () => {
        end('silent', `was silent for ${inSeconds(this.limits.stallMs)}`);
      });
      const answer = await this.send(request, call.body, stop.signal);
      opened.push(answer);
      try {
        return await consume(answer, stop.signal);
      } finally {
        answer.destroy();
      }
    } catch (error) {
      // Whatever broke when the call was ended broke because it was ended.
      if (stop.signal.aborted) throw stop.signal.reason as EngineFailure;
      if (isBreak(error)) {
        const message = `The engine at ${place} broke the connection off in the middle of its answer`;
        throw new EngineFailure('broken-off', message, { cause: error });
      }
      throw error;
    } finally {
      clearTimeout(total);
      signal.removeEventListener('abort', onAbort);
    }
  }

  private async send(request: ClientRequest, body: EngineCall['body'], signal: AbortSignal): Promise<IncomingMessage> {
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      // Stays for the time after the answer, when the answer's own error tells what there is to know.
      request.on('error', reject);
    });
    let unsent: unknown;
    if (body === undefined || typeof body === 'string') {
      request.end(body);
    } else {
      // Breaks the request as well, which tells less of why.
      pipeline(body, request, { signal }).catch((error: unknown) => (unsent = error));
    }
    try {
      return await answered;
    } catch (error) {
      throw signal.aborted ? error : this.inWords((unsent ?? error) as NodeJS.ErrnoException);
    }
  }

  private inWords(error: NodeJS.ErrnoException): Error {
    const { place } = this.address;
    const { code = '', syscall = '' } = error;
    const failure = (fault: EngineFault, what: string): EngineFailure =>
      new EngineFailure(fault, `The engine at ${place} ${what}`, { cause: error });
    if (isBreak(error) || BROKEN_PIPE.includes(code)) return failure('broken-off', 'broke the connection off');
    if (syscall === 'connect' && (code === 'EACCES' || code === 'EPERM')) {
      return failure('refused', 'may not be used by this user');
    }
    if (syscall === 'connect' || syscall === 'getaddrinfo') {
      return failure('unreachable', `can't be reached (${code}): is it running?`);
    }
    // What was to be sent could not be read.
    return error;
  }
}

/** How a request ends that nobody reads to its end. */
const BROKEN_PIPE: readonly string[] = ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'];

/** Whether an answer ended before its end; by its consumer's own faults it does not. */
function isBreak(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code.startsWith('HPE_');
}

function inSeconds(ms: number): string {
  return `${ms / 1000} s`;
}
