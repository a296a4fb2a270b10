import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppConfig, MovableClock } from '@tiptop/platform';
import type { Age } from '../../libs/ops/src/archive/age';
import { AgeLibrary } from '../../libs/ops/src/archive/age-library';
import { AgeProgram } from '../../libs/ops/src/archive/age-program';
import { ArchiveReader } from '../../libs/ops/src/archive/archive-reader';
import { Archiver } from '../../libs/ops/src/archive/archiver';
import {
  FixedAges,
  SAMPLE_AT,
  SAMPLE_ID,
  SampleBackup,
  sampleConfig,
  sampleContents,
  sampleContext,
} from '../../libs/ops/src/archive/spec-support/sample-backup';
import { archiveName } from '../../libs/ops/src/backups/backup-id';
import { KeyPairs } from '../../libs/ops/src/keys/key-pairs';
import { Recipients } from '../../libs/ops/src/keys/recipients';
import { LocalBackups } from '../../libs/ops/src/local/local-backups';
import { Processes, type ProcessOptions } from '../../libs/ops/src/processes/processes';
import { ArchiveProcess } from './support/archive-process';
import { SmallDisk } from './support/small-disk';

const SIGNAL = new AbortController().signal;
const LIMITS = { totalMs: 60_000, stallMs: 60_000 };
const MEGABYTE = 1_000_000;
const ID_BEFORE = 'daily-20261121T020000Z';

/** Runs programs, and tells of each as it begins, so that a test can harm it. */
class WatchedProcesses extends Processes {
  onRun: (options: ProcessOptions) => ProcessOptions = (options) => options;

  override async run(options: ProcessOptions): ReturnType<Processes['run']> {
    return super.run(this.onRun(options));
  }
}

describe.each(['program', 'library'] as const)('Faults of archives, with the %s', (name) => {
  const keyPairs = new KeyPairs({ now: () => SAMPLE_AT });
  let sample: SampleBackup;
  let recipients: string[];
  let age: Age;

  beforeAll(async () => {
    const found = await AgeProgram.find(new Processes(), LIMITS, SIGNAL);
    if (!found) throw new Error('The program age is missing; test/rigs/prepare.mjs installs it');
    age = name === 'program' ? found : new AgeLibrary(60_000);
  });

  beforeEach(async () => {
    sample = await SampleBackup.create();
    recipients = [await sample.keyFile(sample.path('first')), await sample.keyFile(sample.path('second'))];
  });

  afterEach(() => sample.remove());

  function parts(config: AppConfig): { local: LocalBackups; archiver: Archiver; reader: ArchiveReader } {
    const ages = new FixedAges(config, age);
    return {
      local: new LocalBackups(config, new MovableClock()),
      archiver: new Archiver(config, new Recipients(config, keyPairs), ages),
      reader: new ArchiveReader(ages, keyPairs),
    };
  }

  it('a disk of 20 MB fills while the archive is written: nothing of it stays, and the one before does', async () => {
    const disk = new SmallDisk(20);
    try {
      const { local, archiver } = parts(sampleConfig(sample.folder, { backupDir: join(disk.folder, 'backups') }));
      const before = await local.create(ID_BEFORE);
      const small = sampleContents(await sample.write(before), recipients, { id: ID_BEFORE });
      await local.publish(await archiver.write(small, sampleContext(before, { id: ID_BEFORE })));
      const partial = await local.create(SAMPLE_ID);
      const artifacts = await sample.write(partial, { 'db/tiptop.dump.gz': randomBytes(12 * MEGABYTE) });
      const contents = sampleContents(artifacts, recipients);
      await expect(archiver.write(contents, sampleContext(partial))).rejects.toMatchObject({
        name: 'StepFailure',
        message: expect.stringContaining('there is no space left on the disk') as string,
      });
      expect(await readdir(partial)).toEqual(['db']);
      await local.sweep({ dead: [SAMPLE_ID] });
      expect(await local.list()).toMatchObject({ backups: [{ id: ID_BEFORE }], partials: [], faults: [] });
      await local.verify(ID_BEFORE, SIGNAL);
      // And the next one, with room for it, is made.
      const next = await local.create(SAMPLE_ID);
      const less = sampleContents(await sample.write(next, { 'db/tiptop.dump.gz': randomBytes(MEGABYTE) }), recipients);
      await local.publish(await archiver.write(less, sampleContext(next)));
      await expect(local.verify(SAMPLE_ID, SIGNAL)).resolves.toMatchObject({ id: SAMPLE_ID });
    } finally {
      disk.remove();
    }
  }, 60_000);

  it('a disk fills while an archive is extracted: that is said, and nothing stays', async () => {
    const { local, archiver, reader } = parts(sampleConfig(sample.folder));
    const partial = await local.create(SAMPLE_ID);
    const artifacts = await sample.write(partial, { 'db/tiptop.dump.gz': randomBytes(25 * MEGABYTE) });
    const manifest = await archiver.write(sampleContents(artifacts, recipients), sampleContext(partial));
    const disk = new SmallDisk(20);
    try {
      const opened = reader.open({
        archive: join(partial, archiveName(SAMPLE_ID)),
        identityFile: sample.path('first'),
        manifest,
        folder: join(disk.folder, 'out'),
        signal: SIGNAL,
      });
      await expect(opened).rejects.toMatchObject({
        name: 'StepFailure',
        message: expect.stringContaining('there is no space left on the disk') as string,
      });
      expect(await readdir(disk.folder)).toEqual([]);
    } finally {
      disk.remove();
    }
  }, 60_000);

  it('a byte changes on the disk between the dump and the tar: the step fails and names the file', async () => {
    const { local, archiver } = parts(sampleConfig(sample.folder));
    const partial = await local.create(SAMPLE_ID);
    const artifacts = await sample.write(partial);
    const file = join(partial, 'db/tiptop.dump.gz');
    const content = await readFile(file);
    content[150_000]! ^= 1;
    await writeFile(file, content);
    await expect(archiver.write(sampleContents(artifacts, recipients), sampleContext(partial))).rejects.toMatchObject({
      name: 'ArchiveFault',
      kind: 'damaged',
      message: expect.stringContaining('db/tiptop.dump.gz changed on the disk since it was written') as string,
    });
    expect((await readdir(partial)).filter((entry) => entry.endsWith('.age'))).toEqual([]);
  }, 60_000);

  it('the archive is not opened with a wrong key, when it is cut off, or with a byte flipped', async () => {
    const { local, archiver, reader } = parts(sampleConfig(sample.folder));
    const partial = await local.create(SAMPLE_ID);
    const manifest = await archiver.write(
      sampleContents(await sample.write(partial), recipients),
      sampleContext(partial),
    );
    const bytes = await readFile(join(partial, archiveName(SAMPLE_ID)));
    const wrong = sample.path('wrong');
    await sample.keyFile(wrong);
    const archive = sample.path('copy.tar.age');
    const open = async (content: Buffer, identityFile = sample.path('first'), beside = true): Promise<unknown> => {
      await writeFile(archive, content);
      return reader.open({ archive, identityFile, signal: SIGNAL, ...(beside ? { manifest } : {}) });
    };
    const flipped = Buffer.from(bytes);
    flipped[200_000]! ^= 1;
    await expect(open(bytes)).resolves.toMatchObject({ contents: { id: SAMPLE_ID } });
    await expect(open(bytes, wrong)).rejects.toMatchObject({ kind: 'wrong-key' });
    await expect(open(bytes, wrong, false)).rejects.toMatchObject({ kind: 'wrong-key' });
    await expect(open(flipped)).rejects.toMatchObject({ kind: 'damaged' });
    await expect(open(flipped, undefined, false)).rejects.toMatchObject({ kind: 'damaged' });
    await expect(open(bytes.subarray(0, 200_000))).rejects.toMatchObject({ kind: 'cut-off' });
    await expect(open(bytes.subarray(0, 200_000), undefined, false)).rejects.toMatchObject({ kind: 'cut-off' });
  }, 60_000);
});

describe('The program age, harmed', () => {
  let sample: SampleBackup;
  let recipients: string[];
  const processes = new WatchedProcesses();

  beforeEach(async () => {
    sample = await SampleBackup.create();
    recipients = [await sample.keyFile(sample.path('first')), await sample.keyFile(sample.path('second'))];
  });

  afterEach(() => sample.remove());

  it('is killed with -9 in the middle: the step fails, may be tried again, and leaves nothing', async () => {
    const program = await AgeProgram.find(processes, LIMITS, SIGNAL);
    const config = sampleConfig(sample.folder);
    const local = new LocalBackups(config, new MovableClock());
    const keyPairs = new KeyPairs({ now: () => SAMPLE_AT });
    const archiver = new Archiver(config, new Recipients(config, keyPairs), new FixedAges(config, program));
    const partial = await local.create(SAMPLE_ID);
    const artifacts = await sample.write(partial, { 'db/tiptop.dump.gz': randomBytes(20 * MEGABYTE) });
    const contents = sampleContents(artifacts, recipients);
    // It ends itself after its first bytes, as nobody else can tell when they are.
    processes.onRun = (options) => ({
      ...options,
      program: 'bash',
      args: ['-c', 'head --bytes=2000000; kill -9 $$', 'bash'],
    });
    await expect(archiver.write(contents, sampleContext(partial))).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: true,
      message: expect.stringContaining('SIGKILL') as string,
    });
    expect(await readdir(partial)).toEqual(['db']);
    processes.onRun = (options) => options;
    await local.publish(await archiver.write(contents, sampleContext(partial)));
    await local.verify(SAMPLE_ID, SIGNAL);
  }, 60_000);
});

describe('A large archive', () => {
  it('is written and read in little memory', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-large-'));
    const program = await ArchiveProcess.build();
    try {
      const artifact = join(folder, 'artifact');
      const piece = randomBytes(64 * MEGABYTE);
      for (let n = 0; n < 16; n++) await writeFile(artifact, piece, { flag: 'a' });
      await mkdir(join(folder, 'data'));
      const outcome = await program.run({ work: 'measure', folder: join(folder, 'data'), id: SAMPLE_ID, artifact });
      expect(outcome!.writing!.grewBytes).toBeLessThan(100 * MEGABYTE);
      expect(outcome!.reading!.grewBytes).toBeLessThan(100 * MEGABYTE);
    } finally {
      await rm(folder, { recursive: true });
      await program.remove();
    }
  }, 300_000);
});
