import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { OpsConfig } from '@tiptop/platform';
import { archiveName } from '../backups/backup-id';
import type { Artifact } from '../backups/manifest';
import { manifestText } from '../backups/manifest-text';
import { parseManifest } from '../backups/manifest-parser';
import { KeyPairs } from '../keys/key-pairs';
import { Recipients } from '../keys/recipients';
import { Archiver } from './archiver';
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

describe('Archiver', () => {
  let sample: SampleBackup;
  let partial: string;
  let recipients: string[];
  let artifacts: Artifact[];

  beforeEach(async () => {
    sample = await SampleBackup.create();
    partial = sample.path('partial');
    artifacts = await sample.write(partial);
    recipients = [await sample.keyFile(sample.path('first')), await sample.keyFile(sample.path('second'))];
  });

  afterEach(() => sample.remove());

  function archiver(ops: Partial<OpsConfig> = {}, production = false): Archiver {
    const config = sampleConfig(sample.folder, ops, production);
    return new Archiver(config, new Recipients(config, new KeyPairs({ now: () => SAMPLE_AT })), new FixedAges(config));
  }

  async function archivesLeft(): Promise<string[]> {
    return (await readdir(partial)).filter((name) => name.endsWith('.age'));
  }

  it('writes one file for its owner alone, and what is to stand beside it', async () => {
    const progress: number[] = [];
    const context = sampleContext(partial, { progress: (_, done = 0, whole = 0) => progress.push(done / whole) });
    const contents = sampleContents(artifacts, recipients);
    const manifest = await archiver().write(contents, context);
    const archive = `${partial}/${archiveName(SAMPLE_ID)}`;
    const bytes = await readFile(archive);
    expect(manifest).toMatchObject({ ...contents, archive: { bytes: bytes.length, sha256: hashOf(bytes) } });
    expect(parseManifest(manifestText(manifest))).toEqual(manifest);
    expect((await stat(archive)).mode & 0o777).toBe(0o600);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    // Nothing of it can be read.
    for (const text of ['manifest.json', 'server { }', 'a dump']) expect(bytes.includes(text)).toBe(false);
  });

  it('replaces what an earlier try has left', async () => {
    await writeFile(`${partial}/${archiveName(SAMPLE_ID)}`, 'half an archive');
    const manifest = await archiver().write(sampleContents(artifacts, recipients), sampleContext(partial));
    expect((await stat(`${partial}/${archiveName(SAMPLE_ID)}`)).size).toBe(manifest.archive.bytes);
  });

  it.each(Object.keys(SAMPLE_FILES).filter((path) => SAMPLE_FILES[path] !== ''))(
    'fails and leaves nothing where a byte of %s changed on the disk',
    async (path) => {
      const content = await readFile(`${partial}/${path}`);
      content[content.length - 1]! ^= 1;
      await writeFile(`${partial}/${path}`, content);
      const written = archiver().write(sampleContents(artifacts, recipients), sampleContext(partial));
      await expect(written).rejects.toMatchObject({
        name: 'ArchiveFault',
        kind: 'damaged',
        mayPass: false,
        message: expect.stringContaining(`${path} changed on the disk`) as string,
      });
      expect(await archivesLeft()).toEqual([]);
    },
  );

  it('fails where the first artifact is gone', async () => {
    const missing = [{ path: 'a/first', bytes: 1, sha256: 'f'.repeat(64) }, ...artifacts];
    const written = archiver().write(sampleContents(missing, recipients), sampleContext(partial));
    await expect(written).rejects.toThrow('a/first changed on the disk since it was written: it is gone');
    expect(await archivesLeft()).toEqual([]);
  });

  it('refuses contents that nobody could read back', async () => {
    const twice = sampleContents([...artifacts, artifacts[0]!], recipients);
    await expect(archiver().write(twice, sampleContext(partial))).rejects.toMatchObject({
      mayPass: false,
      message: 'The manifest’s artifacts hold the place of db/tiptop.dump.gz twice',
    });
    const other = sampleContents(artifacts, recipients);
    const context = sampleContext(partial, { id: 'daily-20261123T020000Z' });
    await expect(archiver().write(other, context)).rejects.toThrow('The manifest is of daily-20261122T020000Z');
    expect(await archivesLeft()).toEqual([]);
  });

  it('refuses a recipient that is none, and leaves nothing', async () => {
    const mistyped = `age1${'q'.repeat(58)}`;
    const written = archiver().write(sampleContents(artifacts, [recipients[0]!, mistyped]), sampleContext(partial));
    await expect(written).rejects.toMatchObject({ name: 'StepFailure' });
    expect(await archivesLeft()).toEqual([]);
  });

  it('stops when the run does, and leaves nothing', async () => {
    const stop = new AbortController();
    const context = sampleContext(partial, {
      signal: stop.signal,
      progress: () => {
        stop.abort(new Error('the lease is lost'));
      },
    });
    await expect(archiver().write(sampleContents(artifacts, recipients), context)).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: false,
      message: 'The archive could not be written: the run stops',
    });
    expect(await archivesLeft()).toEqual([]);
  });

  it('encrypts to two keys at least in production', async () => {
    const [first = '', second = ''] = recipients;
    for (const few of [[first], [first, first]]) {
      const written = archiver({}, true).write(sampleContents(artifacts, few), sampleContext(partial));
      await expect(written).rejects.toMatchObject({
        mayPass: false,
        message: expect.stringContaining('two') as string,
      });
      const planned = archiver({ ageRecipients: few }, true).plan(sampleContext(partial).signal);
      await expect(planned).rejects.toMatchObject({
        mayPass: false,
        message: expect.stringContaining('two') as string,
      });
    }
    const plan = await archiver({ ageRecipients: recipients }, true).plan(sampleContext(partial).signal);
    expect(plan).toMatchObject({ recipients: [first, second], tools: { age: 'age-encryption' } });
    expect(plan.notes).toEqual([expect.stringContaining('apt-get install age')]);
    await expect(
      archiver({}, true).write(sampleContents(artifacts, recipients), sampleContext(partial)),
    ).resolves.toMatchObject({ id: SAMPLE_ID });
  });

  it('tells of keys made for development', async () => {
    const { recipients: made, notes } = await archiver().plan(sampleContext(partial).signal);
    expect(made).toHaveLength(2);
    expect(notes[0]).toContain(sample.path('data/backup-keys'));
  });
});
