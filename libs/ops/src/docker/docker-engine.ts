import type { Readable } from 'node:stream';
import { AppConfig } from '@tiptop/platform';
import { Injectable } from '@nestjs/common';
import { engineAddress } from './engine-address';
import { type Consumer, type EngineCall, EngineConnection } from './engine-connection';
import { EngineFailure } from './engine-failure';

/** Of the API's versions, the newest that this client was written against, and the oldest that has all it asks for. */
const NEWEST_API = '1.51';
const OLDEST_API = '1.24';
/** An answer that is read into memory is not larger. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_WORDS = 500;

export interface EngineVersion {
  /** Of the engine: `20.10.24`. */
  engine: string;
  /** Of its API, as it is spoken with: `1.41`. */
  api: string;
}

export interface EngineImage {
  /** `sha256:…`: of its configuration, or, with containerd's image store, of its manifest or index. */
  id: string;
  /** `name@sha256:…` in registries. */
  digests: readonly string[];
  /** What its layers take, uncompressed. */
  bytes: number;
}

/**
 * A client of the container engine's HTTP API: https://docs.docker.com/reference/api/engine/. Every call may take as long
 * as a step of a backup, and be silent as long as one.
 */
@Injectable()
export class DockerEngine {
  /** For a person. */
  readonly place: string;
  private readonly connection: EngineConnection | undefined;

  constructor({ ops }: AppConfig) {
    const address = ops.dockerHost === undefined ? undefined : engineAddress(ops.dockerHost);
    const limits = { totalMs: ops.stepSeconds * 1000, stallMs: ops.stallSeconds * 1000 };
    this.place = address?.place ?? 'no place';
    this.connection = address && new EngineConnection(address, limits);
  }

  /**
   * Which version of the API both sides speak.
   * @throws EngineFailure, `refused` where there is none
   */
  async version(signal: AbortSignal): Promise<EngineVersion> {
    const answer = await this.exchange({ method: 'GET', path: '/version' }, signal, asJson);
    const { Version, ApiVersion, MinAPIVersion = OLDEST_API } = answer;
    if (!isText(Version) || !isText(ApiVersion) || !isText(MinAPIVersion)) throw this.nonsense('its version');
    if (isOlder(NEWEST_API, MinAPIVersion) || isOlder(ApiVersion, OLDEST_API)) {
      const theirs = `${MinAPIVersion} to ${ApiVersion}`;
      const message = `The engine at ${this.place} speaks versions ${theirs} of its API, and none from ${OLDEST_API} to ${NEWEST_API}`;
      throw new EngineFailure('refused', message);
    }
    return { engine: Version, api: isOlder(ApiVersion, NEWEST_API) ? ApiVersion : NEWEST_API };
  }

  /**
   * What an image is now.
   * @throws EngineFailure, `missing` where there is none of that name
   */
  async image(reference: string, signal: AbortSignal): Promise<EngineImage> {
    const call: EngineCall = { method: 'GET', path: `/images/${inPath(reference)}/json` };
    const { Id, RepoDigests, Size } = await this.call(call, signal, asJson);
    const digests = RepoDigests ?? [];
    if (!isText(Id) || !/^sha256:[0-9a-f]{64}$/.test(Id) || typeof Size !== 'number' || !isTexts(digests)) {
      throw this.nonsense(`the image ${reference}`);
    }
    return { id: Id, digests, bytes: Size };
  }

  /**
   * An image as `docker save` gives it out: a tar, streamed. An engine that fails in the middle may end the stream as if
   * nothing had happened (see checkImageArchive).
   * @throws EngineFailure, and whatever the consumer throws
   */
  async saveImage<T>(
    reference: string,
    signal: AbortSignal,
    consume: (archive: Readable, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.call({ method: 'GET', path: `/images/${inPath(reference)}/get` }, signal, consume);
  }

  /**
   * A call in the version that both sides speak. It is asked for each time: engines are updated while this process runs.
   * @throws EngineFailure for an answer other than a success, and whatever the consumer throws
   */
  async call<T>(call: EngineCall, signal: AbortSignal, consume: Consumer<T>): Promise<T> {
    const { api } = await this.version(signal);
    return this.exchange({ ...call, path: `/v${api}${call.path}` }, signal, consume);
  }

  private async exchange<T>(call: EngineCall, signal: AbortSignal, consume: Consumer<T>): Promise<T> {
    if (!this.connection) throw new EngineFailure('refused', 'DOCKER_HOST is not set: there is no engine to ask');
    return this.connection.call(call, signal, async (answer, stop) => {
      const { statusCode: status = 0 } = answer;
      if (status >= 200 && status < 300) return consume(answer, stop);
      const fault = status === 404 ? 'missing' : status < 500 ? 'refused' : 'fault';
      throw new EngineFailure(fault, `The engine at ${this.place} answered ${status}: ${await reasonOf(answer)}`);
    });
  }

  private nonsense(what: string): EngineFailure {
    return new EngineFailure('fault', `The engine at ${this.place} told of ${what} what makes no sense`);
  }
}

/** Reads a whole answer, a JSON object. */
export const asJson: Consumer<Readonly<Record<string, unknown>>> = async (answer) => {
  const text = await textOf(answer);
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) {
    throw new EngineFailure('fault', `The engine answered with something that is no JSON: ${shortened(text)}`);
  }
  return value as Readonly<Record<string, unknown>>;
};

async function textOf(answer: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new EngineFailure('fault', `The engine’s answer is larger than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What a refusal says: `{"message": "…"}`, or a plain text where something else has answered. */
async function reasonOf(answer: Readable): Promise<string> {
  const text = await textOf(answer);
  const { message } = Object(parsed(text)) as { message?: unknown };
  return shortened(isText(message) ? message : text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shortened(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, MOST_WORDS);
}

/** A reference may have slashes, which separate parts of the path for the engine as well. */
function inPath(reference: string): string {
  return reference.split('/').map(encodeURIComponent).join('/');
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}
