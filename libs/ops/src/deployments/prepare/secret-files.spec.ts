import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StepFailure } from '../../backups/backup-source';
import { newSecret, SecretFiles } from './secret-files';

describe('SecretFiles', () => {
  let folder: string;
  let files: SecretFiles;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-secrets-'));
    files = new SecretFiles(join(folder, 'secrets'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes what is missing, for its owner’s eyes alone', async () => {
    const secret = await files.ensure('jwt_secret', newSecret);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(await readFile(files.pathOf('jwt_secret'), 'utf8')).toBe(secret);
    expect((await stat(files.folder)).mode & 0o777).toBe(0o700);
    expect((await stat(files.pathOf('jwt_secret'))).mode & 0o777).toBe(0o600);
    expect(files.made).toEqual(['jwt_secret']);
    expect(await readdir(files.folder)).toEqual(['jwt_secret']);
  });

  it('lets containers read theirs, and still nobody else into the folder', async () => {
    const mask = process.umask(0o077);
    try {
      const theirs = new SecretFiles(files.folder, 'containers');
      await theirs.ensure('jwt_secret', newSecret);
    } finally {
      process.umask(mask);
    }
    expect((await stat(files.folder)).mode & 0o777).toBe(0o700);
    expect((await stat(files.pathOf('jwt_secret'))).mode & 0o777).toBe(0o444);
  });

  it('never overwrites one, not even an empty one', async () => {
    await files.ensure('jwt_secret', () => 'first');
    await files.ensure('smtp_url', () => '');
    const again = new SecretFiles(files.folder);
    expect(await again.ensure('jwt_secret', () => 'second')).toBe('first');
    expect(await again.ensure('smtp_url', () => 'smtp://other')).toBe('');
    expect(again.made).toEqual([]);
    expect(await readFile(files.pathOf('smtp_url'), 'utf8')).toBe('');
  });

  it('gives all who come at once the same', async () => {
    const several = Array.from({ length: 8 }, () => new SecretFiles(files.folder));
    const secrets = await Promise.all(several.map((each) => each.ensure('deck_secret', newSecret)));
    expect(new Set(secrets).size).toBe(1);
    expect(several.flatMap(({ made }) => made)).toEqual(['deck_secret']);
    expect(await readdir(files.folder)).toEqual(['deck_secret']);
  });

  it('takes the line’s end for no part of a secret that somebody typed', async () => {
    await files.ensure('other', () => '');
    await writeFile(files.pathOf('smtp_url'), 'smtps://mail.example\n');
    expect(await files.ensure('smtp_url', () => '')).toBe('smtps://mail.example');
  });

  it('says which file can’t be read or written, and leaves nothing of its own', async () => {
    await files.ensure('other', () => '');
    // A folder of its name: for root as well.
    const folderOfThatName = new SecretFiles(folder);
    await expect(folderOfThatName.ensure('secrets', newSecret)).rejects.toThrow(/secrets can’t be read \(EISDIR\)/);
    await writeFile(join(folder, 'file'), '');
    const below = new SecretFiles(join(folder, 'file'));
    await expect(below.ensure('jwt_secret', newSecret)).rejects.toThrow(StepFailure);
    await chmod(folder, 0o700);
    expect(await readdir(files.folder)).toEqual(['other']);
  });
});
