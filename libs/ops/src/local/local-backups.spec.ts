import { mkdir, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MovableClock } from '@tiptop/platform';
import { hashOf, SampleBackup, sampleConfig, sampleContents } from '../archive/spec-support/sample-backup';
import { archiveName, type BackupKind, formatBackupId, manifestName, partialName } from '../backups/backup-id';
import type { Manifest } from '../backups/manifest';
import { manifestText, sealManifest } from '../backups/manifest-text';
import { LocalBackups } from './local-backups';

const KEY = `age1${'q'.repeat(58)}`;
const ARTIFACT = { path: 'db/tiptop.dump.gz', bytes: 4, sha256: hashOf('dump') };
const SIGNAL = new AbortController().signal;
const HOUR_MS = 3_600_000;

describe('The local folder of backups', () => {
  let sample: SampleBackup;
  let clock: MovableClock;
  let local: LocalBackups;
  let root: string;

  beforeEach(async () => {
    sample = await SampleBackup.create();
    clock = new MovableClock();
    const config = sampleConfig(sample.folder);
    root = config.ops.backupDir;
    local = new LocalBackups(config, clock);
  });

  afterEach(() => sample.remove());

  function idOf(day: number, kind: BackupKind = 'daily'): string {
    return formatBackupId({ kind, at: new Date(Date.UTC(2026, 10, day, 2)) });
  }

  function manifestOf(id: string, archive: string): Manifest {
    const kind = id.slice(0, id.lastIndexOf('-')) as BackupKind;
    const contents = sampleContents([ARTIFACT], [KEY], { id, kind });
    return sealManifest(contents, { bytes: archive.length, sha256: hashOf(archive) });
  }

  /** A partial folder with an archive in it. */
  async function prepare(id: string, archive = `archive of ${id}`): Promise<Manifest> {
    const partial = await local.create(id);
    await sample.write(partial, { 'db/tiptop.dump.gz': 'dump' });
    await writeFile(join(partial, archiveName(id)), archive, { mode: 0o600 });
    return manifestOf(id, archive);
  }

  async function publish(id: string): Promise<Manifest> {
    const manifest = await prepare(id);
    await local.publish(manifest);
    return manifest;
  }

  function path(...names: string[]): string {
    return join(root, ...names);
  }

  async function filesOf(folder: string): Promise<string[]> {
    return (await readdir(folder).catch(() => [])).toSorted();
  }

  it('holds nothing before it is there', async () => {
    expect(await local.list()).toEqual({ backups: [], partials: [], faults: [] });
    expect(await local.sweep()).toEqual([]);
  });

  it('keeps a backup and its manifest, each for this account alone', async () => {
    const id = idOf(22);
    const manifest = await prepare(id);
    expect((await stat(path(partialName(id)))).mode & 0o777).toBe(0o700);
    expect(await local.list()).toMatchObject({
      backups: [],
      partials: [{ id, path: path(partialName(id)) }],
      faults: [],
    });
    const backup = await local.publish(manifest);
    const text = manifestText(manifest);
    expect(backup).toEqual({
      id,
      backup: { kind: 'daily', at: new Date('2026-11-22T02:00:00Z') },
      manifest,
      archivePath: path('daily', archiveName(id)),
      manifestPath: path('daily', manifestName(id)),
      bytes: manifest.archive.bytes + Buffer.byteLength(text),
    });
    expect(await local.list()).toEqual({ backups: [backup], partials: [], faults: [] });
    expect(await local.get(id)).toEqual(backup);
    expect(await readFile(backup.manifestPath, 'utf8')).toBe(text);
    expect(await filesOf(root)).toEqual(['daily']);
    for (const file of [backup.archivePath, backup.manifestPath]) expect((await stat(file)).mode & 0o777).toBe(0o600);
    for (const folder of [root, path('daily')]) expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('lists all kinds, newest first', async () => {
    const ids = [idOf(3, 'monthly'), idOf(9), idOf(5, 'pre-deploy'), idOf(7, 'manual'), idOf(8, 'weekly')];
    for (const id of ids) await publish(id);
    const listed = await local.list();
    expect(listed.backups.map(({ id }) => id)).toEqual([ids[1], ids[4], ids[3], ids[2], ids[0]]);
    expect(listed.faults).toEqual([]);
  });

  it('gives no two runs the same folder', async () => {
    await local.create(idOf(22));
    await expect(local.create(idOf(22))).rejects.toMatchObject({ name: 'StepFailure', mayPass: false });
    await expect(local.create('../elsewhere')).rejects.toThrow('is no backup’s name');
  });

  it('publishes nothing that is not whole', async () => {
    const id = idOf(22);
    const manifest = await prepare(id);
    const archive = path(partialName(id), archiveName(id));
    await truncate(archive, 3);
    await expect(local.publish(manifest)).rejects.toMatchObject({ kind: 'cut-off' });
    await rm(archive);
    await expect(local.publish(manifest)).rejects.toThrow('a file or folder is gone');
    await expect(local.publish({ ...manifest, warnings: ['changed'] })).rejects.toMatchObject({ kind: 'manifest' });
    await expect(local.publish({ ...manifest, artifacts: [] })).rejects.toMatchObject({ kind: 'manifest' });
    expect((await local.list()).backups).toEqual([]);
    await expect(local.publish(manifestOf(idOf(23), 'x'))).rejects.toMatchObject({ name: 'StepFailure' });
  });

  it('replaces no backup, and takes the same one twice', async () => {
    const id = idOf(22);
    const manifest = await publish(id);
    const before = await readFile(path('daily', archiveName(id)), 'utf8');
    expect(await local.publish(manifest)).toMatchObject({ id });
    const other = await prepare(id, 'another archive');
    await expect(local.publish(other)).rejects.toThrow(`There is a backup ${id} already, and it is not replaced`);
    await rm(path('daily', manifestName(id)));
    await expect(local.publish(other)).rejects.toThrow('it is not replaced');
    expect(await readFile(path('daily', archiveName(id)), 'utf8')).toBe(before);
  });

  it('goes on with a publication that failed in its middle', async () => {
    const id = idOf(22);
    const manifest = await prepare(id);
    await mkdir(path('daily'));
    await rename(path(partialName(id), archiveName(id)), path('daily', archiveName(id)));
    expect(await local.publish(manifest)).toMatchObject({ id });
    expect(await filesOf(root)).toEqual(['daily']);
  });

  it('tells what is no backup, and leaves it alone', async () => {
    const [whole, orphan, bare, damaged, short, moved] = [20, 21, 22, 23, 24, 25].map((day) => idOf(day));
    for (const id of [whole, orphan, bare, damaged, short, moved]) await publish(id!);
    await rm(path('daily', manifestName(orphan!)));
    await rm(path('daily', archiveName(bare!)));
    await writeFile(path('daily', manifestName(damaged!)), '{');
    await truncate(path('daily', archiveName(short!)), 2);
    await mkdir(path('weekly'));
    for (const name of [archiveName(moved!), manifestName(moved!)])
      await rename(path('daily', name), path('weekly', name));
    await writeFile(path('daily', 'notes.txt'), '');
    await writeFile(path('lost+found'), '');
    await mkdir(path('daily', archiveName(idOf(26))));
    await symlink('/etc/hostname', path('daily', manifestName(idOf(26))));
    await writeFile(path(partialName(idOf(27))), 'a file');
    const before = await readdir(root, { recursive: true });
    const { backups, partials, faults } = await local.list();
    expect(backups.map(({ id }) => id)).toEqual([whole]);
    expect(partials).toEqual([]);
    const byPath = new Map(faults.map((fault) => [fault.path, fault.reason]));
    expect([...byPath].toSorted()).toEqual(
      [
        [path('daily', archiveName(orphan!)), 'has no manifest beside it'],
        [path('daily', manifestName(bare!)), 'has no archive beside it'],
        [
          path('daily', manifestName(damaged!)),
          'is not sound: The manifest is no JSON document: it is damaged or cut off',
        ],
        [path('daily', manifestName(short!)), expect.stringContaining('is cut off: it has 2 bytes of ') as string],
        [path('weekly', archiveName(moved!)), 'is not of a name that backups have here'],
        [path('weekly', manifestName(moved!)), 'is not of a name that backups have here'],
        [path('daily', 'notes.txt'), 'is not of a name that backups have here'],
        [path('daily', archiveName(idOf(26))), 'is not of a name that backups have here'],
        [path('daily', manifestName(idOf(26))), 'is not of a name that backups have here'],
        [path('lost+found'), 'is not of a name that backups have'],
        [path(partialName(idOf(27))), 'is not of a name that backups have'],
      ].toSorted(),
    );
    clock.moveBy(48 * HOUR_MS);
    expect(await local.sweep()).toEqual([]);
    expect(await readdir(root, { recursive: true })).toEqual(before);
  });

  it('does not take one backup’s manifest for another’s', async () => {
    await publish(idOf(20));
    await publish(idOf(21));
    await writeFile(path('daily', manifestName(idOf(21))), await readFile(path('daily', manifestName(idOf(20)))));
    const { backups, faults } = await local.list();
    expect(backups.map(({ id }) => id)).toEqual([idOf(20)]);
    expect(faults[0]!.reason).toBe(`is not sound: The manifest is of the backup ${idOf(20)}`);
  });

  it('says that it can’t be read', async () => {
    await writeFile(root, 'a file in the place of the folder');
    await expect(local.list()).rejects.toMatchObject({ name: 'StepFailure' });
    await expect(local.create(idOf(22))).rejects.toMatchObject({ name: 'StepFailure' });
  });

  it('verifies an archive’s bytes without a key', async () => {
    const id = idOf(22);
    const { archive } = await publish(id);
    const file = path('daily', archiveName(id));
    expect(await local.verify(id, SIGNAL)).toMatchObject({ id });
    const content = await readFile(file);
    content[3]! ^= 1;
    await writeFile(file, content);
    await expect(local.verify(id, SIGNAL)).rejects.toMatchObject({
      kind: 'damaged',
      message: `${file} is not as it was written: its SHA-256 is ${hashOf(content)}, and its manifest says ${archive.sha256}`,
    });
    await truncate(file, 3);
    await expect(local.verify(id, SIGNAL)).rejects.toMatchObject({ kind: 'cut-off' });
    await rm(file);
    await expect(local.verify(id, SIGNAL)).rejects.toThrow('a file or folder is gone');
    await expect(local.verify(id, AbortSignal.abort())).rejects.toMatchObject({ name: 'StepFailure' });
  });

  it('finds a manifest that was changed without a key', async () => {
    const id = idOf(22);
    const manifest = await publish(id);
    const text = manifestText(manifest);
    const file = path('daily', manifestName(id));
    for (const changed of [text.replace('500000', '500001'), text.replace('"dev"', '"prod"'), text.slice(1)]) {
      await writeFile(file, changed);
      await expect(local.verify(id, SIGNAL)).rejects.toMatchObject({ kind: 'manifest' });
    }
    await writeFile(file, text.replace(manifest.archive.sha256, '0'.repeat(64)));
    await expect(local.verify(id, SIGNAL)).rejects.toMatchObject({ kind: 'damaged' });
    await writeFile(file, text);
    await expect(local.verify(id, SIGNAL)).resolves.toMatchObject({ id });
  });

  it('removes a backup, and no other', async () => {
    const [one, other] = [idOf(20), idOf(21)];
    await publish(one);
    const manifest = await publish(other);
    const bytes = manifest.archive.bytes + Buffer.byteLength(manifestText(manifest));
    expect(await local.remove(other)).toBe(bytes);
    expect((await local.list()).backups.map(({ id }) => id)).toEqual([one]);
    expect(await filesOf(root)).toEqual(['daily']);
    expect(await filesOf(path('daily'))).toHaveLength(2);
    await expect(local.remove(other)).rejects.toThrow('a file or folder is gone');
    await expect(local.remove('../../etc')).rejects.toThrow('is no backup’s name');
    // Not even a manifest alone stays behind.
    await rm(path('daily', archiveName(one)));
    await local.remove(one);
    expect(await filesOf(path('daily'))).toEqual([]);
  });

  it('sweeps what dead runs left, and what nobody has touched for a day', async () => {
    const [dead, own, unknown] = [idOf(20), idOf(21), idOf(22)];
    for (const id of [dead, own, unknown]) await prepare(id);
    expect(await local.sweep({ dead: [dead, own], except: own })).toEqual([dead]);
    clock.moveBy(23 * HOUR_MS);
    expect(await local.sweep({ except: own })).toEqual([]);
    clock.moveBy(2 * HOUR_MS);
    expect(await local.sweep({ except: own })).toEqual([unknown]);
    expect(await filesOf(root)).toEqual([partialName(own)]);
    clock.moveBy(-500 * HOUR_MS);
    expect(await local.sweep()).toEqual([]);
  });

  it('sweeps an archive on its way in or out along with its partial folder, and no whole backup', async () => {
    const [half, whole] = [idOf(20), idOf(21)];
    await prepare(half);
    await mkdir(path('daily'), { recursive: true });
    await rename(path(partialName(half), archiveName(half)), path('daily', archiveName(half)));
    await publish(whole);
    await local.create(whole);
    expect((await local.sweep({ dead: [half, whole] })).toSorted()).toEqual([half, whole]);
    expect(await filesOf(path('daily'))).toEqual([archiveName(whole), manifestName(whole)].toSorted());
    expect(await local.list()).toMatchObject({ backups: [{ id: whole }], partials: [], faults: [] });
  });
});
