import { chmod, rename, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { extract, type Header } from 'tar-stream';
import type { Artifact } from '../backups/manifest';
import { ArchiveFault } from './archive-fault';
import { hashOf, SampleBackup } from './spec-support/sample-backup';
import { headerOf, TarWriter } from './tar-writer';

const SIGNAL = new AbortController().signal;

describe('A tar writer', () => {
  let sample: SampleBackup;

  beforeEach(async () => {
    sample = await SampleBackup.create();
  });

  afterEach(() => sample.remove());

  async function artifact(path: string, content: string | Buffer): Promise<Artifact> {
    const [written] = await sample.write(sample.folder, { [path]: content });
    return written!;
  }

  /** Writes a tar of artifacts. @returns its bytes */
  async function tarOf(artifacts: readonly Artifact[]): Promise<Buffer> {
    const tar = new TarWriter();
    const bytes = buffer(tar.stream);
    bytes.catch(() => undefined);
    try {
      for (const one of artifacts) await tar.addFile(one, sample.path(one.path), SIGNAL, () => undefined);
      tar.end();
    } catch (error) {
      tar.abandon(error as Error);
      throw error;
    }
    return bytes;
  }

  async function faultOf(one: Artifact): Promise<string> {
    const error: unknown = await tarOf([one]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ArchiveFault);
    expect(error).toMatchObject({ kind: 'damaged', mayPass: false });
    return (error as Error).message;
  }

  it('keeps contents, names of any length and script, permissions and times', async () => {
    const long = `jenkins/${'un dossier/'.repeat(20)}${'é'.repeat(127)}`;
    const files = { 'db/a': Buffer.alloc(200_001, 3), empty: '', [long]: 'long', ['n'.repeat(200)]: 'no folder' };
    const artifacts = await sample.write(sample.folder, files);
    await chmod(sample.path('db/a'), 0o755);
    await chmod(sample.path('empty'), 0o600);
    await utimes(sample.path('db/a'), 0, 1_700_000_000.75);
    const found: [Header, Buffer][] = [];
    const reader = extract();
    reader.end(await tarOf(artifacts));
    for await (const entry of reader) found.push([entry.header, await buffer(entry)]);
    expect(found.map(([{ name }]) => name)).toEqual(Object.keys(files));
    for (const [{ name }, body] of found) expect(hashOf(body)).toBe(hashOf(files[name as keyof typeof files]!));
    expect(found[0]![0]).toMatchObject({
      mode: 0o755,
      mtime: new Date(1_700_000_000_000),
      uid: 0,
      gid: 0,
      type: 'file',
    });
    expect(found[1]![0].mode).toBe(0o600);
  });

  it('is the same for the same files', async () => {
    const artifacts = await sample.write(sample.folder, { a: 'x', b: 'y' });
    expect(await tarOf(artifacts)).toEqual(await tarOf(artifacts));
  });

  it('ends as POSIX wants it, in whole blocks and two of zeros', async () => {
    const tar = await tarOf([await artifact('a', 'x'.repeat(513))]);
    expect(tar.length % 512).toBe(0);
    expect(tar.subarray(-1024)).toEqual(Buffer.alloc(1024));
  });

  it.each([
    ['appended to', (path: string) => writeFile(path, 'more', { flag: 'a' }), 'it has 12 bytes, not 8'],
    ['cut off', (path: string) => truncate(path, 3), 'it has 3 bytes, not 8'],
    ['changed in one byte', (path: string) => writeFile(path, 'originaL'), `not ${hashOf('original')}`],
    ['removed', (path: string) => rename(path, `${path}.gone`), 'it is gone'],
    [
      'replaced by a link',
      async (path: string): Promise<void> => {
        await rename(path, `${path}.other`);
        await symlink(`${path}.other`, path);
      },
      'it is no file any more',
    ],
  ])('finds a file that was %s since it was recorded', async (_, change, how) => {
    const one = await artifact('db/x', 'original');
    await change(sample.path('db/x'));
    const message = await faultOf(one);
    expect(message).toContain('db/x changed on the disk since it was written: it ');
    expect(message).toContain(how);
  });

  it('finds a file that becomes shorter while it is read', async () => {
    const one = await artifact('db/x', Buffer.alloc(4_000_000, 1));
    const tar = new TarWriter();
    const reading = tar.stream[Symbol.asyncIterator]();
    const added = tar
      .addFile(one, sample.path('db/x'), SIGNAL, () => undefined)
      .catch((error: unknown) => {
        tar.abandon(error as Error);
        return error;
      });
    await reading.next();
    await truncate(sample.path('db/x'), 2_000_000);
    await expect(
      (async () => {
        while (!(await reading.next()).done);
      })(),
    ).rejects.toThrow();
    expect(await added).toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('it became shorter') as string,
    });
  });

  it('stops when it is told to', async () => {
    const one = await artifact('db/x', Buffer.alloc(1_000_000));
    const stop = new AbortController();
    const tar = new TarWriter();
    const added = tar.addFile(one, sample.path('db/x'), stop.signal, () => undefined);
    stop.abort();
    await expect(added).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('A tar header', () => {
  const AT = new Date('2026-11-22T02:00:00.900Z');

  it('says a size of 8 GiB and more in POSIX’s extended header as well', () => {
    expect(headerOf('a', 8 * 1024 ** 3 - 1, 0o600, AT)).not.toHaveProperty('pax');
    expect(headerOf('a', 8 * 1024 ** 3, 0o600, AT)).toMatchObject({ size: 8589934592, pax: { size: '8589934592' } });
  });

  it('has a time that a header can hold, whatever the file says', () => {
    const times = [AT, new Date('1901-01-01T00:00:00Z'), new Date('2099-01-01T00:00:00Z')];
    expect(times.map((at) => headerOf('a', 1, 0o600, at).mtime.toISOString())).toEqual([
      '2026-11-22T02:00:00.000Z',
      '1970-01-01T00:00:00.000Z',
      '2038-01-19T03:14:07.000Z',
    ]);
  });

  it('keeps a file to its owner that has no permissions at all', () => {
    expect(headerOf('a', 1, 0o100000, AT).mode).toBe(0o600);
    expect(headerOf('a', 1, 0o104755, AT).mode).toBe(0o755);
  });
});
