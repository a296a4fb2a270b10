import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { MovableClock } from '@tiptop/platform';
import type { Age } from '../../libs/ops/src/archive/age';
import { AgeLibrary } from '../../libs/ops/src/archive/age-library';
import { AgeProgram } from '../../libs/ops/src/archive/age-program';
import { Ages } from '../../libs/ops/src/archive/ages';
import { ArchiveReader } from '../../libs/ops/src/archive/archive-reader';
import { Archiver } from '../../libs/ops/src/archive/archiver';
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
} from '../../libs/ops/src/archive/spec-support/sample-backup';
import { headerOf } from '../../libs/ops/src/archive/tar-writer';
import type { Artifact } from '../../libs/ops/src/backups/manifest';
import { KeyPairs } from '../../libs/ops/src/keys/key-pairs';
import { Recipients } from '../../libs/ops/src/keys/recipients';
import { LocalBackups } from '../../libs/ops/src/local/local-backups';
import { Processes } from '../../libs/ops/src/processes/processes';
import { createTestDatabase, type TestDatabase } from '../support/database';

const run = promisify(execFile);
const SIGNAL = new AbortController().signal;
const LIMITS = { totalMs: 60_000, stallMs: 60_000 };
const CHUNK = 65_536;

describe('An archive and the stock tools', () => {
  let sample: SampleBackup;
  let database: TestDatabase;
  let program: AgeProgram;
  let recipients: string[];
  const library = new AgeLibrary(60_000);
  const keyPairs = new KeyPairs({ now: () => SAMPLE_AT });

  beforeAll(async () => {
    sample = await SampleBackup.create();
    database = await createTestDatabase();
    recipients = [await sample.keyFile(sample.path('first')), await sample.keyFile(sample.path('second'))];
    await sample.keyFile(sample.path('third'));
    const found = await AgeProgram.find(new Processes(), LIMITS, SIGNAL);
    if (!found) throw new Error('The program age is missing; test/rigs/prepare.mjs installs it');
    program = found;
  }, 60_000);

  afterAll(async () => {
    await database.drop();
    await sample.remove();
  });

  async function encrypt(age: Age, plain: Buffer): Promise<Buffer> {
    const target = new PassThrough();
    const [sealed] = await Promise.all([
      buffer(target),
      age.encrypt(Readable.from([plain]), recipients, target, SIGNAL),
    ]);
    return sealed;
  }

  async function decrypt(age: Age, sealed: Buffer, key = 'first'): Promise<Buffer> {
    const target = new PassThrough();
    const opened = buffer(target);
    opened.catch(() => undefined);
    await age.decrypt(Readable.from([sealed]), sample.path(key), target, SIGNAL);
    return opened;
  }

  /** Backs up a partial folder of real things, and puts it into its place. */
  async function backUp(age: Age | undefined, root: string): Promise<{ archive: string; artifacts: Artifact[] }> {
    const config = sampleConfig(sample.path(root));
    const local = new LocalBackups(config, new MovableClock());
    const partial = await local.create(SAMPLE_ID);
    // `--dbname` and not `-d`: the URL of the test server holds no secret.
    const dump = execFileSync('pg_dump', ['--format=custom', `--dbname=${database.url}`]);
    const image = pack();
    image.entry({ name: 'layer.tar' }, randomBytes(200_000));
    image.finalize();
    const artifacts = await sample.write(partial, {
      ...SAMPLE_FILES,
      'db/tiptop.dump.gz': gzipSync(dump),
      'images/backend.tar.gz': gzipSync(await buffer(image)),
    });
    await chmod(join(partial, 'config/etc/nginx/nginx.conf'), 0o644);
    const ages = age ? new FixedAges(config, age) : new Ages(new Processes(), config);
    const archiver = new Archiver(config, new Recipients(config, keyPairs), ages);
    const contents = sampleContents(artifacts, recipients);
    const { archivePath } = await local.publish(await archiver.write(contents, sampleContext(partial)));
    return { archive: archivePath, artifacts };
  }

  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5_000_000])(
    'program and library open each other’s files of %i bytes',
    async (length) => {
      const plain = randomBytes(length);
      for (const [writer, reader] of [
        [program, library],
        [library, program],
        [program, program],
      ] as const) {
        const sealed = await encrypt(writer, plain);
        for (const key of ['first', 'second']) expect((await decrypt(reader, sealed, key)).equals(plain)).toBe(true);
        await expect(decrypt(reader, sealed, 'third')).rejects.toMatchObject({ name: 'AgeFault', kind: 'wrong-key' });
      }
    },
    60_000,
  );

  it('the program says what is wrong with what it can’t open', async () => {
    const sealed = await encrypt(program, randomBytes(3 * CHUNK + 100));
    const header = sealed.indexOf('\n---') + 1 + 48 + 16;
    const at = (offset: number): Buffer => {
      const flipped = Buffer.from(sealed);
      flipped[offset]! ^= 1;
      return flipped;
    };
    const faults: [Buffer, string][] = [
      [at(0), 'not-age'],
      [Buffer.alloc(0), 'not-age'],
      [randomBytes(10_000_000), 'not-age'],
      [at(22), 'header'],
      [at(header - 30), 'header'],
      [sealed.subarray(0, 50), 'header'],
      [at(header + 10), 'payload'],
      [at(sealed.length - 1), 'payload'],
      [sealed.subarray(0, -1), 'payload'],
      [sealed.subarray(0, header + 2 * (CHUNK + 16)), 'cut-off'],
      [Buffer.concat([sealed, Buffer.alloc(1)]), 'payload'],
    ];
    for (const [content, kind] of faults) {
      await expect(decrypt(program, content)).rejects.toMatchObject({ name: 'AgeFault', kind });
    }
    await expect(
      encrypt(program, Buffer.alloc(1)).then(() =>
        program.encrypt(Readable.from(['x']), ['age1x'], new PassThrough(), SIGNAL),
      ),
    ).rejects.toMatchObject({ name: 'StepFailure', message: expect.stringContaining('malformed recipient') as string });
  }, 60_000);

  it.each<[string, () => Age | undefined]>([
    ['the program', (): Age => program],
    ['the library', (): Age => library],
    ['what the machine has', (): undefined => undefined],
  ])(
    'opens with age, tar, sha256sum, gzip and pg_restore alone what %s has made',
    async (name, age) => {
      const { archive, artifacts } = await backUp(age(), name);
      const folder = sample.path(`opened ${name}`);
      await mkdir(folder);
      const script = `set -euo pipefail
      umask 077
      age --decrypt --identity "$1" "$2" | tar --extract --preserve-permissions --file=- --directory="$3"
      cd "$3"
      sha256sum --check --strict SHA256SUMS
      gzip --test db/*.gz images/*.gz
      gunzip --stdout db/tiptop.dump.gz | pg_restore --list
      gunzip --stdout images/backend.tar.gz | tar --list --file=-`;
      const { stdout } = await run('bash', ['-c', script, 'bash', sample.path('second'), archive, folder]);
      for (const path of ['manifest.json', ...Object.keys(SAMPLE_FILES)]) expect(stdout).toContain(`${path}: OK`);
      expect(stdout).toContain('TABLE DATA public tickets');
      expect(stdout).toContain('layer.tar');
      const files = await readdir(folder, { recursive: true, withFileTypes: true });
      expect(files.filter((entry) => entry.isFile())).toHaveLength(artifacts.length + 2);
      for (const { path, sha256 } of artifacts) expect(hashOf(await readFile(join(folder, path)))).toBe(sha256);
      expect((await stat(join(folder, 'config/etc/nginx/nginx.conf'))).mode & 0o777).toBe(0o644);
      expect((await stat(join(folder, 'manifest.json'))).mode & 0o777).toBe(0o600);
      const beside = JSON.parse(await readFile(archive.replace('.tar.age', '.manifest.json'), 'utf8')) as {
        archive: { sha256: string; manifestSha256: string };
      };
      const { stdout: sums } = await run('sha256sum', [archive, join(folder, 'manifest.json')]);
      expect(sums.split('\n').map((line) => line.slice(0, 64))).toEqual([
        beside.archive.sha256,
        beside.archive.manifestSha256,
        '',
      ]);
    },
    60_000,
  );

  it('lists manifest.json first, and everything in one order', async () => {
    const { archive } = await backUp(program, 'order');
    const { stdout } = await run('bash', [
      '-c',
      'age -d -i "$1" "$2" | tar -tf -',
      'bash',
      sample.path('first'),
      archive,
    ]);
    const names = stdout.trimEnd().split('\n');
    expect(names[0]).toBe('manifest.json');
    expect(names.at(-1)).toBe('SHA256SUMS');
    // tar shows what is not ASCII escaped, in the order of the bytes.
    expect(names.map((name) => name.split('/')[0])).toEqual([
      'manifest.json',
      'config',
      'config',
      'db',
      'images',
      'jenkins',
      'jenkins',
      'jenkins',
      'SHA256SUMS',
    ]);
  }, 60_000);

  it('reads what GNU tar has packed and age has encrypted, as long as it is sound', async () => {
    const { archive } = await backUp(program, 'gnu');
    const folder = sample.path('gnu-files');
    await mkdir(folder);
    const identity = sample.path('first');
    const repack = `set -euo pipefail
      age -d -i "$1" "$2" | tar -xf - -C "$3"
      cd "$3"
      tar --format=gnu --no-unquote -cf - manifest.json db images config/empty config/etc/nginx/nginx.conf jenkins/* SHA256SUMS --no-recursion \\
        $(find db images -type f) -T <(find jenkins -type f) | age -r "$4" > "$5"`;
    const other = sample.path('gnu.tar.age');
    await run('bash', ['-c', repack, 'bash', identity, archive, folder, recipients[0]!, other]);
    const config = sampleConfig(sample.path('gnu'));
    const reader = new ArchiveReader(new Ages(new Processes(), config), keyPairs);
    // The folders' own entries are more than there should be, and named; every file is found, under its long name too.
    const error: unknown = await reader
      .open({ archive: other, identityFile: identity, signal: SIGNAL })
      .catch((reason: unknown) => reason);
    expect((error as Error).message).toMatch(/"db" is no file but a directory|"db\/" is no file but a directory/);
    expect((error as Error).message).not.toContain('missing');
  }, 60_000);

  it('says sizes of 8 GiB and more so that GNU tar reads them', async () => {
    const tar = pack();
    tar.entry(headerOf('db/huge.dump.gz', 9_000_000_000, 0o600, SAMPLE_AT));
    tar.entry({ name: 'never reached' }, '');
    const head: Buffer[] = [];
    for await (const chunk of tar as unknown as Readable) {
      head.push(chunk as Buffer);
      if (Buffer.concat(head).length >= 1536) break;
    }
    const listed = spawnSync('tar', ['--list', '--verbose', '--utc', '--file=-'], {
      input: Buffer.concat(head).subarray(0, 1536),
    });
    expect(listed.stdout.toString()).toMatch(/^-rw------- 0\/0 +9000000000 2026-11-22 02:00 db\/huge\.dump\.gz\n$/);
  });

  it('makes keys that age-keygen and age take for their own', async () => {
    const pair = await keyPairs.generate();
    await keyPairs.write(sample.path('own'), pair);
    const { stdout } = await run('age-keygen', ['-y', sample.path('own')]);
    expect(stdout).toBe(`${pair.recipient}\n`);
    await run('age-keygen', ['-o', sample.path('theirs')]);
    const { stdout: theirs } = await run('age-keygen', ['-y', sample.path('theirs')]);
    expect(await keyPairs.recipientsOf(sample.path('theirs'))).toEqual([theirs.trim()]);
  });

  it('falls back on the library where the program is missing, or does not run', async () => {
    const config = sampleConfig(sample.path('none'));
    class Without extends Processes {
      override async run(options: Parameters<Processes['run']>[0]): Promise<never> {
        await super.run({ ...options, program: '/nonexistent/age' });
        throw new Error('It ran');
      }
    }
    expect(await new Ages(new Without(), config).choose(SIGNAL)).toBeInstanceOf(AgeLibrary);
    expect(await new Ages(new Processes(), config).choose(SIGNAL)).toBeInstanceOf(AgeProgram);
    await expect(new Ages(new Processes(), config).choose(AbortSignal.abort())).rejects.toThrow();
  });
});
