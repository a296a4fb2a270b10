import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isWorkFolder, WorkFolder } from './work-folder';

const ID = 'daily-20261122T020000Z';
const ROOM = { neededBytes: 1, reserveBytes: 0 };

describe('Work folder', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tiptop-work-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it.each<[string, boolean]>([
    [`.drill-${ID}`, true],
    [`.verify-${ID}`, true],
    ['.drill-', false],
    ['.drill-x', false],
    [`drill-${ID}`, false],
    [`.${ID}.partial`, false],
    [`.drill-${ID}.partial`, false],
  ])('%s: %s', (name, expected) => {
    expect(isWorkFolder(name)).toBe(expected);
  });

  it('is its owner’s alone, and for one at a time', async () => {
    const folder = await WorkFolder.make(join(root, 'backups'), 'drill', ID, ROOM);
    expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
    await expect(WorkFolder.make(join(root, 'backups'), 'drill', ID, ROOM)).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: false,
      message: `${folder.path} is there already: ${ID} is being looked at`,
    });
    await writeFile(folder.file('x'), 'x');
    await folder.remove();
    expect(await readdir(join(root, 'backups'))).toEqual([]);
  });

  it('is not made where there is no room', async () => {
    const making = WorkFolder.make(root, 'drill', ID, { neededBytes: 1e18, reserveBytes: 1e18 });
    await expect(making).rejects.toMatchObject({ name: 'StepFailure', mayPass: false });
    expect(await readdir(root)).toEqual([]);
  });

  it('is swept by its kind and its age, and nothing else is', async () => {
    for (const name of [`.drill-${ID}`, `.verify-${ID}`, '.drill-mine', 'daily']) await mkdir(join(root, name));
    const now = new Date();
    await WorkFolder.sweep(root, 'verify', 60_000, now);
    expect(await readdir(root)).toHaveLength(4);
    await WorkFolder.sweep(root, 'verify', 60_000, new Date(now.getTime() + 120_000));
    await WorkFolder.sweep(root, 'drill', 0, now);
    expect((await readdir(root)).sort()).toEqual(['.drill-mine', 'daily']);
    await expect(WorkFolder.sweep(join(root, 'nowhere'), 'drill', 0, now)).resolves.toBeUndefined();
  });
});
