import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { hashFile, HashingStream, syncToDisk, writeHashed } from './hashed-file';

const TEA = Buffer.from('Thé Tip Top\n'.repeat(300_000));
const TEA_HASH = createHash('sha256').update(TEA).digest('hex');

describe('A hashed file', () => {
  const { signal } = new AbortController();
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-hashed-'));
    path = join(folder, 'file');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('is written for its owner alone, with hash and size of what passed', async () => {
    const pieces = [TEA.subarray(0, 7), TEA.subarray(7)];
    expect(await writeHashed(Readable.from(pieces), path, signal)).toEqual({ bytes: TEA.length, sha256: TEA_HASH });
    expect((await readFile(path)).equals(TEA)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await hashFile(path, signal)).toEqual({ bytes: TEA.length, sha256: TEA_HASH });
  });

  it('takes the place of a longer one', async () => {
    await writeFile(path, TEA);
    await writeHashed(Readable.from([Buffer.from('tea')]), path, signal);
    expect(await readFile(path, 'utf8')).toBe('tea');
  });

  it('is as empty as its source', async () => {
    const { bytes, sha256 } = await writeHashed(Readable.from([]), path, signal);
    expect({ bytes, sha256 }).toEqual({ bytes: 0, sha256: createHash('sha256').digest('hex') });
    expect(await hashFile(path, signal)).toEqual({ bytes, sha256 });
  });

  it('fails with its source, with the disk, and with the run', async () => {
    const broken = new PassThrough();
    broken.write('half');
    setTimeout(() => broken.destroy(new Error('cut off')), 20);
    await expect(writeHashed(broken, path, signal)).rejects.toThrow('cut off');
    await expect(writeHashed(Readable.from([TEA]), '/dev/full', signal)).rejects.toMatchObject({ code: 'ENOSPC' });
    const ended = AbortSignal.abort();
    await expect(writeHashed(Readable.from([TEA]), path, ended)).rejects.toMatchObject({ name: 'AbortError' });
    await expect(hashFile(path, ended)).rejects.toMatchObject({ name: 'AbortError' });
    await expect(hashFile(join(folder, 'none'), signal)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(syncToDisk(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('tells how far it is', async () => {
    const told: number[] = [];
    const hashing = new HashingStream((bytes) => told.push(bytes));
    for (const piece of ['one', 'two', 'three']) hashing.write(piece);
    hashing.end();
    hashing.resume();
    await new Promise((resolve) => hashing.once('end', resolve));
    expect(told).toEqual([3, 6, 11]);
    expect(hashing.result().bytes).toBe(11);
  });
});
