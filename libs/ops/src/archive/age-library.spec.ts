import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { PassThrough, Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { pack } from 'tar-stream';
import { formatIdentityFile } from '../keys/identity-file';
import { AgeLibrary } from './age-library';
import { SAMPLE_AT, SampleBackup } from './spec-support/sample-backup';

const CHUNK = 65_536;
const SIGNAL = new AbortController().signal;

describe('Encryption by the library', () => {
  const age = new AgeLibrary(60_000);
  let sample: SampleBackup;
  let recipients: string[];

  beforeAll(async () => {
    sample = await SampleBackup.create();
    recipients = [await sample.keyFile(sample.path('first')), await sample.keyFile(sample.path('second'))];
    await sample.keyFile(sample.path('third'));
  });

  afterAll(() => sample.remove());

  async function encrypt(plain: Buffer, to = recipients): Promise<Buffer> {
    const target = new PassThrough();
    const [sealed] = await Promise.all([buffer(target), age.encrypt(Readable.from([plain]), to, target, SIGNAL)]);
    return sealed;
  }

  async function decrypt(sealed: Buffer, key = 'first', pieces = [sealed]): Promise<Buffer> {
    const target = new PassThrough();
    const opened = buffer(target);
    opened.catch(() => undefined);
    await age.decrypt(Readable.from(pieces), sample.path(key), target, SIGNAL);
    return opened;
  }

  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 1_000_000])(
    'opens %i bytes with either key',
    async (length) => {
      const plain = randomBytes(length);
      const sealed = await encrypt(plain);
      expect(sealed.subarray(0, 22).toString()).toBe('age-encryption.org/v1\n');
      expect((await decrypt(sealed, 'first')).equals(plain)).toBe(true);
      expect((await decrypt(sealed, 'second')).equals(plain)).toBe(true);
      await expect(decrypt(sealed, 'third')).rejects.toMatchObject({ kind: 'wrong-key' });
    },
  );

  it('reads whatever pieces it comes in', async () => {
    const plain = randomBytes(1000);
    const sealed = await encrypt(plain);
    const bytes = [...sealed].map((byte) => Buffer.from([byte]));
    expect((await decrypt(sealed, 'first', bytes)).equals(plain)).toBe(true);
  });

  it('outlives a source and a target that break at the same time', async () => {
    for (const ms of [0, 1, 2, 5, 10]) {
      const [source, target] = [pack(), new PassThrough()];
      // As whoever made them hears of it.
      for (const stream of [source, target]) stream.on('error', () => undefined);
      setTimeout(() => {
        source.destroy(new Error('the folder is gone'));
        target.destroy(new Error('the folder is gone'));
      }, ms);
      await expect(age.encrypt(source as unknown as Readable, recipients, target, SIGNAL)).rejects.toThrow();
      // A fault that nobody hears would end the process, after the call has ended.
      await pause(20);
    }
  });

  it('refuses to encrypt to nobody', async () => {
    await expect(encrypt(Buffer.alloc(1), [])).rejects.toMatchObject({ name: 'StepFailure', mayPass: false });
  });

  it('says what is wrong with what it can’t open', async () => {
    const sealed = await encrypt(randomBytes(3 * CHUNK + 100));
    const header = sealed.indexOf('\n---') + 1 + 48 + 16;
    const at = (offset: number): Buffer => {
      const flipped = Buffer.from(sealed);
      flipped[offset]! ^= 1;
      return flipped;
    };
    await expect(decrypt(at(0))).rejects.toMatchObject({ kind: 'not-age' });
    await expect(decrypt(Buffer.alloc(0))).rejects.toMatchObject({ kind: 'not-age' });
    await expect(decrypt(Buffer.alloc(1_000_000))).rejects.toMatchObject({ kind: 'not-age' });
    await expect(decrypt(at(22))).rejects.toMatchObject({ kind: 'header' });
    await expect(decrypt(at(header - 30))).rejects.toMatchObject({ kind: 'header' });
    await expect(decrypt(sealed.subarray(0, 50))).rejects.toMatchObject({ kind: 'header' });
    await expect(decrypt(sealed.subarray(0, header - 5))).rejects.toMatchObject({ kind: 'cut-off' });
    await expect(decrypt(at(header + 10))).rejects.toMatchObject({ kind: 'payload' });
    await expect(decrypt(at(sealed.length - 1))).rejects.toMatchObject({ kind: 'payload' });
    await expect(decrypt(sealed.subarray(0, -1))).rejects.toMatchObject({ kind: 'payload' });
    await expect(decrypt(sealed.subarray(0, header + 3 * (CHUNK + 16)))).rejects.toMatchObject({ kind: 'payload' });
    await expect(decrypt(sealed.subarray(0, header))).rejects.toMatchObject({ kind: 'payload' });
    await expect(decrypt(Buffer.concat([sealed, Buffer.alloc(1)]))).rejects.toMatchObject({ kind: 'payload' });
  });

  it('tells of an identity file at fault, and nothing that stands in it', async () => {
    const sealed = await encrypt(Buffer.from('x'));
    await writeFile(sample.path('bad'), 'AGE-SECRET-KEY-1TYPO\n');
    const error: unknown = await decrypt(sealed, 'bad').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'StepFailure', message: expect.stringContaining('Line 1 ') as string });
    expect((error as Error).message).not.toContain('TYPO');
  });

  it('lets everything else have its turn', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await encrypt(randomBytes(64 * CHUNK));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(16);
  });

  it('passes on why its source broke, and why its target did', async () => {
    const broken = new Readable({
      read(): void {
        this.destroy(new Error('the disk is gone'));
      },
    });
    await expect(age.encrypt(broken, recipients, new PassThrough(), SIGNAL)).rejects.toThrow('the disk is gone');
    const source = Readable.from([randomBytes(10 * CHUNK)]);
    await expect(age.encrypt(source, recipients, full(), SIGNAL)).rejects.toThrow('no space');
    expect(source.destroyed).toBe(true);
    const sealed = await encrypt(randomBytes(10 * CHUNK));
    await expect(age.decrypt(Readable.from([sealed]), sample.path('first'), full(), SIGNAL)).rejects.toThrow(
      'no space',
    );
  });

  it('stops when it is told to, and after its time', async () => {
    const stop = new AbortController();
    const endless = (): Readable =>
      new Readable({
        read(): void {
          this.push(Buffer.alloc(CHUNK));
        },
      });
    const nowhere = (): Writable =>
      new Writable({
        write: (_chunk, _encoding, done) => {
          done();
        },
      });
    const encrypted = age.encrypt(endless(), recipients, nowhere(), stop.signal);
    setTimeout(() => {
      stop.abort();
    }, 20);
    await expect(encrypted).rejects.toMatchObject({ name: 'AbortError' });
    await expect(new AgeLibrary(20).encrypt(endless(), recipients, nowhere(), SIGNAL)).rejects.toThrow('took too long');
  });

  it('writes identity files as age-keygen does', () => {
    const pair = { identity: 'AGE-SECRET-KEY-1', recipient: 'age1' };
    expect(formatIdentityFile(pair, SAMPLE_AT)).toBe(
      '# created: 2026-11-22T02:00:00Z\n# public key: age1\nAGE-SECRET-KEY-1\n',
    );
  });

  function full(): Writable {
    return new Writable({
      write(_chunk, _encoding, done): void {
        done(new Error('no space'));
      },
    });
  }
});
