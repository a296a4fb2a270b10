import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { temporaryFolder } from '../../../../test/support/file-tree';
import { readZipMember } from './zip-member';

const MANIFEST = 'META-INF/MANIFEST.MF';
const TEXT = 'Manifest-Version: 1.0\r\nPlugin-Version: 1.2\r\n'.repeat(20);

describe('A file in a ZIP file', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder, 'a.zip');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function zip(members: Record<string, Buffer | string>, options: { compress?: boolean; comment?: string } = {}) {
    const file = new ZipFile();
    for (const [name, content] of Object.entries(members)) {
      file.addBuffer(Buffer.from(content), name, { compress: options.compress ?? true });
    }
    file.end({ forceZip64Format: false, comment: options.comment ?? '' });
    await writeFile(path, await buffer(file.outputStream));
  }

  const read = (name = MANIFEST) => readZipMember(path, name).then((bytes) => bytes?.toString());

  it.each([true, false])('is read, compressed or not (%s), from among others', async (compress) => {
    await zip({ 'WEB-INF/lib/a.jar': randomBytes(300_000), [MANIFEST]: TEXT, 'META-INF/M': 'x' }, { compress });
    await expect(read()).resolves.toBe(TEXT);
    await expect(read('META-INF/M')).resolves.toBe('x');
    await expect(read('META-INF/MANIFEST')).resolves.toBeUndefined();
  });

  it('is read where a comment follows, though that looks like the end of another', async () => {
    const comment = 'x'.repeat(40_000);
    await zip({ [MANIFEST]: TEXT }, { comment });
    const bytes = await readFile(path);
    bytes.write('PK\x05\x06', bytes.length - comment.length, 'latin1');
    await writeFile(path, bytes);
    await expect(read()).resolves.toBe(TEXT);
  });

  it('is none in an empty ZIP file', async () => {
    await zip({});
    await expect(read()).resolves.toBeUndefined();
  });

  it.each([
    ['empty', () => Buffer.alloc(0)],
    ['no ZIP file', () => Buffer.alloc(100_000, 'PK')],
    ['cut off', (zip: Buffer) => zip.subarray(0, -1)],
    ['cut off at its head', (zip: Buffer) => zip.subarray(1000)],
  ])('is not read from what is %s', async (_what, change) => {
    await zip({ 'a.jar': randomBytes(5000), [MANIFEST]: TEXT });
    await writeFile(path, change(await readFile(path)));
    await expect(read()).rejects.toThrow(/no ZIP file|damaged|cut off/);
  });

  it.each([true, false])('is not read where a byte of it was changed, compressed or not (%s)', async (compress) => {
    await zip({ [MANIFEST]: TEXT }, { compress });
    const bytes = await readFile(path);
    // In the middle of what follows the 30 bytes of its header and its name.
    bytes[30 + MANIFEST.length + 20]! ^= 1;
    await writeFile(path, bytes);
    await expect(read()).rejects.toThrow();
  });

  it('is not read where it is too large, by what it says or in truth', async () => {
    await zip({ [MANIFEST]: Buffer.alloc(1024 * 1024 + 1) });
    await expect(read()).rejects.toThrow('it is too large');
    const bytes = await readFile(path);
    const entry = bytes.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'));
    bytes.writeUInt32LE(100, entry + 24);
    await writeFile(path, bytes);
    await expect(read()).rejects.toThrow(/larger than/);
  });
});
