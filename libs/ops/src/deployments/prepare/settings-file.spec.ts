import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StepFailure } from '../../backups/backup-source';
import { SettingsFile } from './settings-file';

const HEADING = '# Of the rig.';

describe('SettingsFile', () => {
  let folder: string;
  let file: SettingsFile;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-settings-'));
    file = new SettingsFile(join(folder, '.env'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const text = (): Promise<string> => readFile(file.path, 'utf8');

  it('is made for its owner’s eyes alone', async () => {
    const written = await file.merge({ PUBLIC_URL: 'https://a.example' }, { POSTGRES_PORT: '5433' }, HEADING);
    expect(written.sort()).toEqual(['POSTGRES_PORT', 'PUBLIC_URL']);
    expect(await text()).toBe(`${HEADING}\nPOSTGRES_PORT=5433\nPUBLIC_URL=https://a.example\n`);
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['.env']);
  });

  it('keeps what stands there, comments too, and replaces what is asked for', async () => {
    await writeFile(file.path, '# mine\nPOSTGRES_PORT=6000\nPUBLIC_URL=https://old.example\nLOG_LEVEL=debug\n\n');
    const written = await file.merge(
      { PUBLIC_URL: 'https://new.example' },
      { POSTGRES_PORT: '5433', REGISTRY: 'r:5000' },
      HEADING,
    );
    expect(written.sort()).toEqual(['PUBLIC_URL', 'REGISTRY']);
    expect(await text()).toBe(
      '# mine\nPOSTGRES_PORT=6000\nLOG_LEVEL=debug\nREGISTRY=r:5000\nPUBLIC_URL=https://new.example\n',
    );
  });

  it('takes an empty value for none, and a comment for no setting', async () => {
    await writeFile(file.path, 'REGISTRY=\n#POSTGRES_PORT=1\n  export LOG_LEVEL = info\n');
    expect(await file.read()).toEqual({ LOG_LEVEL: 'info' });
    await file.merge({}, { REGISTRY: 'r:5000', POSTGRES_PORT: '2', LOG_LEVEL: 'warn' }, HEADING);
    expect(await text()).toBe('#POSTGRES_PORT=1\n  export LOG_LEVEL = info\nREGISTRY=r:5000\nPOSTGRES_PORT=2\n');
  });

  it('is not touched where nothing is new', async () => {
    await file.merge({ A: '1' }, { B: '2' }, HEADING);
    const { ino, mtimeMs } = await stat(file.path);
    expect(await file.merge({ A: '1' }, { B: '3' }, HEADING)).toEqual([]);
    expect(await stat(file.path)).toMatchObject({ ino, mtimeMs });
  });

  it.each(['with space', 'quo"te', 'dollar$A', 'two\nlines', 'hash#', "it's"])(
    'refuses a value that not all read alike: %j',
    async (value) => {
      await expect(file.merge({ A: value }, {}, HEADING)).rejects.toThrow(StepFailure);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('says that it can’t be read', async () => {
    await expect(new SettingsFile(folder).read()).rejects.toThrow(/can’t be read \(EISDIR\)/);
  });
});
