import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pack, type Pack } from 'tar-stream';
import { archiveName } from '../backups/backup-id';
import type { Artifact, InnerManifest, Manifest } from '../backups/manifest';
import { contentsText, sealManifest } from '../backups/manifest-text';
import { KeyPairs } from '../keys/key-pairs';
import { Recipients } from '../keys/recipients';
import { AgeLibrary } from './age-library';
import { ArchiveFault } from './archive-fault';
import { ArchiveReader, type OpenRequest } from './archive-reader';
import { Archiver } from './archiver';
import { formatSums } from './sha256-sums';
import {
  FixedAges,
  hashOf,
  SAMPLE_AT,
  SAMPLE_FILES,
  SAMPLE_ID,
  SampleBackup,
  sampleConfig,
  sampleContents,
  sampleContext,
} from './spec-support/sample-backup';

const SIGNAL = new AbortController().signal;

describe('Archive reader', () => {
  let sample: SampleBackup;
  let reader: ArchiveReader;
  let recipients: string[];
  let artifacts: Artifact[];
  let contents: InnerManifest;
  let manifest: Manifest;
  let archive: string;
  let bytes: Buffer;

  beforeAll(async () => {
    sample = await SampleBackup.create();
    const partial = sample.path('partial');
    artifacts = await sample.write(partial);
    recipients = [await sample.keyFile(sample.path('first')), await sample.keyFile(sample.path('second'))];
    await sample.keyFile(sample.path('third'));
    const config = sampleConfig(sample.folder);
    const keyPairs = new KeyPairs({ now: () => SAMPLE_AT });
    const ages = new FixedAges(config);
    reader = new ArchiveReader(ages, keyPairs);
    contents = sampleContents(artifacts, recipients);
    manifest = await new Archiver(config, new Recipients(config, keyPairs), ages).write(
      contents,
      sampleContext(partial),
    );
    archive = join(partial, archiveName(SAMPLE_ID));
    bytes = await readFile(archive);
  });

  afterAll(() => sample.remove());

  function request(changes: Partial<OpenRequest> = {}): OpenRequest {
    return { archive, identityFile: sample.path('first'), signal: SIGNAL, ...changes };
  }

  /** A copy of the archive with other bytes. */
  async function altered(content: Buffer): Promise<string> {
    const path = sample.path('altered.tar.age');
    await writeFile(path, content);
    return path;
  }

  async function faultOf(changes: Partial<OpenRequest>): Promise<{ kind: string; message: string }> {
    const error: unknown = await reader.open(request(changes)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ArchiveFault);
    return error as ArchiveFault;
  }

  it('opens an archive with either key, and extracts it as it was', async () => {
    for (const key of ['first', 'second']) {
      const folder = sample.path(`out-${key}`);
      const progress: number[] = [];
      const opened = await reader.open(
        request({ identityFile: sample.path(key), manifest, folder, progress: (_, done) => progress.push(done) }),
      );
      expect(opened).toEqual({
        contents,
        bytes: bytes.length,
        sha256: hashOf(bytes),
        manifestSha256: manifest.archive.manifestSha256,
      });
      const files = await readdir(folder, { recursive: true, withFileTypes: true });
      expect(files.filter((entry) => entry.isFile())).toHaveLength(artifacts.length);
      for (const { path, sha256 } of artifacts) {
        expect(hashOf(await readFile(join(folder, path)))).toBe(sha256);
        const [was, is] = [await stat(join(sample.path('partial'), path)), await stat(join(folder, path))];
        expect(is.mode).toBe(was.mode);
        expect(is.mtimeMs).toBe(Math.floor(was.mtimeMs / 1000) * 1000);
      }
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
      expect(progress.at(-1)).toBe(artifacts.reduce((sum, artifact) => sum + artifact.bytes, 0));
    }
  });

  it('extracts what is wanted, and reads all of it', async () => {
    const folder = sample.path('out-some');
    await reader.open(request({ folder, wanted: (path) => path.startsWith('db/') }));
    expect(await readdir(folder)).toEqual(['db']);
  });

  it('extracts to a new folder only', async () => {
    const opened = reader.open(request({ folder: sample.path('partial') }));
    await expect(opened).rejects.toThrow(/partial is not empty/);
    expect(await readFile(archive)).toEqual(bytes);
  });

  it('finds every byte that was flipped, without the manifest and with it', async () => {
    const end = bytes.indexOf('\n---') + 48 + 16;
    const places = [
      0,
      5,
      21,
      30,
      60,
      100,
      end - 40,
      end - 10,
      end + 1,
      70_000,
      150_000,
      bytes.length - 20,
      bytes.length - 1,
    ];
    for (const at of places) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 0x10;
      const path = await altered(flipped);
      const folder = sample.path('flipped');
      const alone = await faultOf({ archive: path, folder });
      // A recipient's line that is damaged can't be told from another's.
      expect(alone.message).toMatch(at > 21 && at < end - 48 ? /first lines/ : /damaged/);
      expect(await readdir(sample.folder)).not.toContain('flipped');
      const beside = await faultOf({ archive: path, manifest });
      expect(beside).toMatchObject({ kind: 'damaged' });
      expect(beside.message).toContain(`its SHA-256 is ${hashOf(flipped)}`);
    }
  });

  it('says near which byte an archive is damaged', async () => {
    const flipped = Buffer.from(bytes);
    flipped[200_000]! ^= 1;
    const { message } = await faultOf({ archive: await altered(flipped) });
    expect(message).toContain(`damaged near its byte ${3 * 65_552} (of ${bytes.length} bytes)`);
  });

  it('says that an archive is cut off, wherever that is', async () => {
    for (const length of [bytes.length - 1, 300_000, 131_104, 70_000, 1000, 300, 250, 100, 10, 0]) {
      const path = await altered(bytes);
      await truncate(path, length);
      expect(await faultOf({ archive: path, manifest })).toMatchObject({
        kind: 'cut-off',
        message: `${path} is cut off: it has ${length} bytes of ${bytes.length}`,
      });
      const { message } = await faultOf({ archive: path });
      expect(message).toMatch(length < 22 ? /is not encrypted with age, or is damaged from its first byte/ : /cut off/);
    }
    const { kind } = await faultOf({ archive: await altered(bytes.subarray(0, 200_000)) });
    expect(kind).toBe('cut-off');
  });

  it('says that something stands behind it', async () => {
    const path = await altered(Buffer.concat([bytes, Buffer.from('x')]));
    expect((await faultOf({ archive: path })).kind).toBe('damaged');
    expect((await faultOf({ archive: path, manifest })).message).toContain(`it has ${bytes.length + 1} bytes, not`);
  });

  it('says that the key is another, and which ones it would take', async () => {
    const [third = ''] = await new KeyPairs({ now: () => SAMPLE_AT }).recipientsOf(sample.path('third'));
    const identityFile = sample.path('third');
    const alone = await faultOf({ identityFile });
    expect(alone.kind).toBe('wrong-key');
    expect(alone.message).toContain(third);
    expect(alone.message).toContain('it is encrypted to other keys');
    const beside = await faultOf({ identityFile, manifest });
    expect(beside.message).toContain(`it is encrypted to ${recipients.join(', ')}`);
    await expect(reader.open(request({ identityFile: sample.path('none') }))).rejects.toThrow('there is no such file');
  });

  it('knows an archive from another', async () => {
    const path = sample.path(archiveName('daily-20261123T020000Z'));
    await writeFile(path, bytes);
    expect(await faultOf({ archive: path })).toMatchObject({
      kind: 'unsound',
      message: expect.stringContaining(SAMPLE_ID) as string,
    });
    const warned = sealManifest({ ...contents, warnings: ['?'] }, manifest.archive);
    expect(await faultOf({ manifest: warned })).toMatchObject({
      kind: 'manifest',
      message: expect.stringContaining('is not the one in it') as string,
    });
    const other = sealManifest(contents, { bytes: bytes.length, sha256: 'f'.repeat(64) });
    expect(await faultOf({ manifest: other })).toMatchObject({
      kind: 'manifest',
      message: expect.stringContaining('is sound, but its SHA-256') as string,
    });
  });

  it('says that there is no archive', async () => {
    await expect(reader.open(request({ archive: sample.path('none') }))).rejects.toThrow('a file or folder is gone');
    await expect(reader.open(request({ archive: sample.folder }))).rejects.toThrow('is no file');
  });

  it('stops when it is told to, and leaves nothing', async () => {
    const stop = new AbortController();
    const progress = (): void => {
      stop.abort();
    };
    const opened = reader.open(request({ signal: stop.signal, folder: sample.path('stopped'), progress }));
    await expect(opened).rejects.toMatchObject({
      name: 'StepFailure',
      message: expect.stringContaining('the run stops') as string,
    });
    expect(await readdir(sample.folder)).not.toContain('stopped');
  });

  describe('of an archive that holds what it should not', () => {
    type Entry = [name: string, body: string | Buffer, type?: 'symlink' | 'directory' | 'link'];
    let entries: Entry[];

    beforeEach(() => {
      const text = contentsText(contents);
      const sums = formatSums([{ path: 'manifest.json', sha256: hashOf(text) }, ...artifacts]);
      entries = [['manifest.json', text], ...Object.entries(SAMPLE_FILES), ['SHA256SUMS', sums]];
    });

    /** Encrypts a tar of any entries. */
    async function write(whole = true, change = (tar: Buffer): Buffer => tar): Promise<string> {
      const tar: Pack = pack();
      for (const [name, body, type = 'file'] of entries) {
        if (type === 'file') tar.entry({ name }, body);
        else tar.entry({ name, type, linkname: String(body) });
      }
      if (whole) tar.finalize();
      const plain = whole ? await buffer(tar) : Buffer.alloc(0);
      const sealed = new PassThrough();
      const source = new PassThrough();
      source.end(change(plain));
      const [content] = await Promise.all([
        buffer(sealed),
        new AgeLibrary(60_000).encrypt(source, recipients, sealed, SIGNAL),
      ]);
      return altered(content);
    }

    async function unsound(): Promise<string> {
      const { kind, message } = await faultOf({ archive: await write(), folder: sample.path('unsound') });
      expect(kind).toBe('unsound');
      expect(await readdir(sample.folder)).not.toContain('unsound');
      return message;
    }

    function replace(name: string, body: (old: string) => string): void {
      entries = entries.map(([path, old, type]) =>
        path === name
          ? ([path, body(old.toString()), ...(type ? [type] : [])] as Entry)
          : ([path, old, ...(type ? [type] : [])] as Entry),
      );
    }

    it('opens it where it holds what it should', async () => {
      await expect(reader.open(request({ archive: await write() }))).resolves.toMatchObject({ contents });
    });

    it.each(Object.keys(SAMPLE_FILES))('names %s where a byte of it is flipped', async (path) => {
      replace(path, (old) => (old === '' ? '!' : `${old.slice(0, -1)}!`));
      expect(await unsound()).toContain(`${path} is damaged: its SHA-256 is `);
    });

    it('names manifest.json where a hash in it is flipped', async () => {
      replace('manifest.json', (old) => old.replace(artifacts[0]!.sha256, 'f'.repeat(64)));
      const message = await unsound();
      expect(message).toContain('manifest.json has another SHA-256 than SHA256SUMS says');
      expect(message).toContain(`manifest.json is wrong about ${artifacts[0]!.path}`);
    });

    it('names manifest.json where anything else in it is flipped', async () => {
      replace('manifest.json', (old) => old.replace('500000', '500001'));
      expect(await unsound()).toContain('manifest.json has another SHA-256 than SHA256SUMS says');
      replace('manifest.json', (old) => old.replace('"version"', '"versioN"'));
      expect(await unsound()).toContain('manifest.json in the archive: The manifest’s version is missing');
      replace('manifest.json', (old) => old.slice(0, -10));
      expect(await unsound()).toContain('is no JSON document');
    });

    it('names a size in manifest.json that is wrong', async () => {
      replace('manifest.json', (old) => old.replace('"bytes": 300000', '"bytes": 300001'));
      expect(await unsound()).toContain(
        'manifest.json is wrong about db/tiptop.dump.gz: it has 300000 bytes, not 300001',
      );
    });

    it('names SHA256SUMS where a byte of it is flipped', async () => {
      const sum = artifacts[1]!.sha256;
      replace('SHA256SUMS', (old) => old.replace(sum, sum.replace(/^./, sum.startsWith('0') ? '1' : '0')));
      expect(await unsound()).toContain(`SHA256SUMS is wrong about ${artifacts[1]!.path}`);
      replace('SHA256SUMS', (old) => old.replace('  ', ' x'));
      expect(await unsound()).toContain('SHA256SUMS is damaged');
    });

    it('names a line of SHA256SUMS that is missing, and one too many', async () => {
      const line = `${artifacts[1]!.sha256}  ${artifacts[1]!.path}\n`;
      replace('SHA256SUMS', (old) => old.replace(line, ''));
      expect(await unsound()).toContain(`SHA256SUMS does not name ${artifacts[1]!.path}`);
      replace('SHA256SUMS', (old) => `${old}${line}${'0'.repeat(64)}  other\n`);
      expect(await unsound()).toContain('SHA256SUMS names "other", and manifest.json does not');
      replace('SHA256SUMS', (old) => old.slice(old.indexOf('\n') + 1));
      expect(await unsound()).toContain('SHA256SUMS does not name manifest.json');
    });

    it('names what is missing', async () => {
      entries = entries.filter(([name]) => name !== 'config/empty');
      expect(await unsound()).toContain('config/empty is missing');
      entries = entries.filter(([name]) => name !== 'SHA256SUMS');
      const message = await unsound();
      expect(message).toContain('SHA256SUMS is missing');
      expect(message).toContain('config/empty is missing');
    });

    it.each<[string, Entry, string]>([
      ['a file too many', ['config/other', 'x'], '"config/other" is there, and not in manifest.json'],
      ['a file that leads out', ['../../escaped', 'x'], '"../../escaped" is there, and not in manifest.json'],
      ['a folder', ['config/', '', 'directory'], 'is no file but a directory'],
      ['a link out of the folder', ['config/link', '/etc', 'symlink'], '"config/link" is no file but a symlink'],
      ['a hard link', ['config/link', '/etc/passwd', 'link'], '"config/link" is no file but a link'],
      ['a file twice', ['config/empty', 'x'], '"config/empty" is there twice'],
      ['SHA256SUMS twice', ['SHA256SUMS', 'x'], '"SHA256SUMS" is there twice'],
      ['manifest.json twice', ['manifest.json', '{}'], '"manifest.json" is there twice'],
    ])('names %s', async (_, entry, message) => {
      entries.push(entry);
      expect(await unsound()).toContain(message);
      expect(await readdir(join(sample.folder, '..'))).not.toContain('escaped');
    });

    it('names a link in the place of a file, and follows none', async () => {
      entries = entries.map(([name, body]) =>
        name === 'config/empty' ? [name, '/etc/hostname', 'symlink'] : [name, body],
      );
      const message = await unsound();
      expect(message).toContain('"config/empty" is no file but a symlink');
      expect(message).toContain('config/empty is missing');
    });

    it('names five faults of a hundred', async () => {
      for (let n = 0; n < 100; n++) entries.push([`config/${n}`, 'x']);
      expect(await unsound()).toContain('; and 95 faults more');
    });

    it('refuses what does not begin with manifest.json, or with nothing', async () => {
      entries.reverse();
      expect(await unsound()).toContain('it does not begin with manifest.json');
      entries = [];
      expect(await unsound()).toContain('The tar in the archive is empty');
    });

    it('refuses a tar that is none, or damaged, or cut off in itself', async () => {
      const noise = await write(true, () => Buffer.alloc(4096, 'noise'));
      expect((await faultOf({ archive: noise })).message).toContain('The tar in the archive is damaged');
      const short = await write(true, (tar) => tar.subarray(0, 100_000));
      expect((await faultOf({ archive: short })).message).toContain(
        'The tar in the archive is damaged: Unexpected end',
      );
    });
  });
});
