import { readFile } from 'node:fs/promises';
import type { Decrypter } from 'age-encryption';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ReadableStream } from 'node:stream/web';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StepFailure } from '../backups/backup-source';
import { parseIdentities } from '../keys/identity-file';
import { type Age, AGE_CHUNK, AGE_INTRO, AgeFault, type AgeFaultKind, requireRecipients } from './age';

/** What the library says. */
const FAULTS: readonly (readonly [RegExp, AgeFaultKind])[] = [
  [/no identity matched/, 'wrong-key'],
  [/final chunk is empty|stream ended before reading/, 'cut-off'],
  [/invalid tag|ciphertext/i, 'payload'],
];

/**
 * Encryption in this process, about 60 MB/s, where the program is not installed. Between two chunks, 64 KiB and a
 * millisecond each, everything else of the process gets its turn.
 */
export class AgeLibrary implements Age {
  readonly version = 'age-encryption';
  readonly remark =
    'The program age is not installed (Debian: apt-get install age): encrypted by a library, ten times slower';

  /** @param totalMs one file may not take longer */
  constructor(private readonly totalMs: number) {}

  async encrypt(source: Readable, recipients: readonly string[], target: Writable, signal: AbortSignal): Promise<void> {
    requireRecipients(recipients);
    const { Encrypter } = await library();
    const encrypter = new Encrypter();
    for (const recipient of recipients) encrypter.addRecipient(recipient);
    try {
      const sealed = await encrypter.encrypt(ReadableStream.from(inPieces(source)));
      await this.write(sealed, target, signal);
    } finally {
      source.destroy();
    }
  }

  async decrypt(source: Readable, identityFile: string, target: Writable, signal: AbortSignal): Promise<void> {
    const { Decrypter } = await library();
    const decrypter = new Decrypter();
    for (const identity of parseIdentities(await readFile(identityFile, 'utf8'))) decrypter.addIdentity(identity);
    try {
      const opened = await this.begin(decrypter, source);
      await this.write(opened, target, signal);
    } catch (error) {
      throw faultOf(error) ?? error;
    } finally {
      source.destroy();
    }
  }

  private async begin(decrypter: Decrypter, source: Readable): Promise<ReadableStream<Uint8Array>> {
    try {
      return await decrypter.decrypt(ReadableStream.from(afterIntro(inPieces(source))));
    } catch (error) {
      // In the first lines the library finds many things wrong, and words each in its way.
      throw faultOf(error) ?? (error === source.errored ? error : new AgeFault('header', { cause: error }));
    }
  }

  private async write(stream: ReadableStream<Uint8Array>, target: Writable, signal: AbortSignal): Promise<void> {
    const tooLong = AbortSignal.timeout(this.totalMs);
    const readable = Readable.fromWeb(stream);
    // The pipeline tells of its faults. One that comes after a target's has ended it would find nobody, and end the process.
    readable.on('error', () => undefined);
    try {
      await pipeline(readable, target, { signal: AbortSignal.any([signal, tooLong]) });
    } catch (error) {
      if (!tooLong.aborted) throw error;
      throw new StepFailure('The encryption was ended: it took too long', true, { cause: error });
    }
  }
}

// A tenth of a second, which most commands and every request do without.
const library = async (): Promise<typeof import('age-encryption')> => import('age-encryption');

/** Cuts what a source gives, and lets everybody else have a turn after each piece. */
async function* inPieces(source: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += AGE_CHUNK) {
      yield chunk.subarray(at, at + AGE_CHUNK);
      await nextTurn();
    }
  }
}

/** The library looks for the end of the first line in whatever it is given, however long: only what is age's gets there. */
async function* afterIntro(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  let known = false;
  for await (const piece of pieces) {
    if (known) {
      yield piece;
      continue;
    }
    head = Buffer.concat([head, piece]);
    if (head.length < AGE_INTRO.length) continue;
    if (head.toString('latin1', 0, AGE_INTRO.length) !== AGE_INTRO) throw new AgeFault('not-age');
    known = true;
    yield head;
  }
  if (!known) throw new AgeFault('not-age');
}

function faultOf(error: unknown): AgeFault | undefined {
  if (error instanceof AgeFault) return error;
  const message = error instanceof Error ? error.message : '';
  const [, kind] = FAULTS.find(([pattern]) => pattern.test(message)) ?? [];
  return kind === undefined ? undefined : new AgeFault(kind, { cause: error });
}
